package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"skylog/projections/public"
)

// storyteller prints a story line by line.
type storyteller struct {
	out      io.Writer
	thing    public.Found
	since    time.Time         // when what is told now was asked for
	requests map[string]string // command ids to the requests they came of
	last     string            // the command told last
	decided  time.Time         // when the machine's want was
	err      error
}

func printStory(out io.Writer, thing public.Found, story []public.Entry) error {
	s := &storyteller{out: out, thing: thing, requests: map[string]string{}}
	s.print("%s %s  %s", thing.Resource, cmp.Or(thing.Name, "-"), thing.ID)
	if thing.Project != "" {
		s.print("  project %s", thing.Project)
	}
	s.print("\n")
	for i := range story {
		s.tell(&story[i])
	}
	return s.err
}

func (s *storyteller) print(format string, args ...any) {
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.out, format, args...)
	}
}

// line prints one step: when, how long after the request, what, and what there is to say of it.
func (s *storyteller) line(at time.Time, what, details string) {
	after := float64(at.Sub(s.since).Microseconds()) / 1000
	s.print("%s", strings.TrimRight(fmt.Sprintf("%s %+10.1f ms  %-20s %s", at.UTC().Format("2006-01-02T15:04:05.000000Z"), after, what, details), " "))
	s.print("\n")
}

func (s *storyteller) tell(e *public.Entry) {
	var data map[string]any
	if json.Unmarshal(e.Data, &data) != nil {
		data = nil // it is shown without details
	}
	for _, step := range list(data["steps"]) { // done before they were reported
		s.step(step)
	}
	if e.Command != s.last {
		s.last = e.Command
		s.asked(e)
	}
	what, details := describe(e, data, s.thing)
	s.line(e.Time, what, details)
	if e.Type == "compute.server.placed" {
		s.decided = e.Time
	}
}

// asked tells of the request or report that a command was.
func (s *storyteller) asked(e *public.Entry) {
	commands := strings.Join(slices.Compact(slices.Clone(e.Commands)), ", ")
	switch {
	case e.Request != "":
		s.since = e.Asked
		s.requests[e.Command] = e.Request
		s.line(e.Asked, "request accepted", join(asHTTP(e.Commands), e.Request, "user "+cmp.Or(e.UserID, "-"), "for "+commands))
	case e.Cause != "":
		by := cmp.Or(s.requests[e.Cause], "command "+e.Cause)
		s.line(e.Asked, "reported", join(commands, from(e.Origin), "because of "+by))
	default:
		if s.since.IsZero() {
			s.since = e.Asked
		}
		s.line(e.Asked, "reported", join(commands, from(e.Origin)))
	}
}

func from(origin string) string {
	if origin == "" {
		return ""
	}
	return "by " + origin
}

// asHTTP is the call that commands stand for, where it is one that everybody knows.
func asHTTP(commands []string) string {
	calls := map[string]string{
		"compute.server.create": "POST /servers", "compute.server.delete": "DELETE /servers/ID",
		"network.network.create": "POST /networks", "network.subnet.create": "POST /subnets", "network.port.create": "POST /ports",
		"image.image.create": "POST /images",
	}
	for _, c := range slices.Backward(commands) { // the last one is what was meant, those before it what it needs
		if call := calls[c]; call != "" {
			return call
		}
	}
	return ""
}

// step tells what a host did until it reported.
func (s *storyteller) step(step map[string]any) {
	names := map[string]string{"network": "network plugged", "image": "image fetched", "hypervisor": "hypervisor started"}
	name := text(step["name"])
	began, err := time.Parse(time.RFC3339Nano, text(step["began"]))
	if err != nil {
		return
	}
	seconds, _ := step["took"].(float64)
	took := time.Duration(seconds * float64(time.Second))
	if !s.decided.IsZero() {
		s.line(began, "want taken up", fmt.Sprintf("by the host, %.1f ms after it was decided", float64(began.Sub(s.decided).Microseconds())/1000))
		s.decided = time.Time{}
	}
	s.line(began.Add(took), cmp.Or(names[name], name), fmt.Sprintf("took %.3f ms", float64(took)/1e6))
}

// describe says in a few words what an event is.
func describe(e *public.Entry, data map[string]any, thing public.Found) (what, details string) {
	settings, _ := data["settings"].(map[string]any)
	flavor, _ := data["flavor"].(map[string]any)
	image, _ := data["image"].(map[string]any)
	switch e.Type {
	case "network.port.created":
		var addresses []string
		for _, ip := range list(settings["fixed_ips"]) {
			addresses = append(addresses, text(ip["address"]))
		}
		return "port decided", join(text(data["id"]), strings.Join(addresses, ", "), text(settings["mac"]))
	case "compute.server.created":
		return "server decided", fmt.Sprintf("within the quota: %v VCPU, %v MiB RAM, %v GiB disk (flavor %s, image %s)",
			flavor["vcpus"], flavor["ram_mib"], flavor["disk_gib"], text(flavor["name"]), text(image["id"]))
	case "compute.server.placed":
		return "host decided", text(data["host"])
	case "compute.server.booted":
		return "ACTIVE", ""
	}
	what = e.Type
	if rest, ok := strings.CutPrefix(what, thing.Service+"."+thing.Resource+"."); ok {
		what = strings.ReplaceAll(rest, "_", " ")
	}
	return what, flat(data, thing.ID)
}

// flat lists the plain values of an event, in the order of their names.
func flat(data map[string]any, but string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(data)) {
		switch v := data[name].(type) {
		case string:
			if v != "" && v != but {
				all = append(all, name+"="+v)
			}
		case bool:
			all = append(all, fmt.Sprintf("%s=%v", name, v))
		case float64: // bytes, too, by their digits
			all = append(all, name+"="+strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	return strings.Join(all, " ")
}

func list(v any) []map[string]any {
	var all []map[string]any
	items, _ := v.([]any)
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			all = append(all, m)
		}
	}
	return all
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "  ")
}

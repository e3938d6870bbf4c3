package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"skylog/commands"
)

const (
	// DryRunHeader asks for a rehearsal of a change: the call is decided as it would
	// be and answered as it would be, and nothing is stored or done. Its value is
	// "true", or "events" to be told of the events in place of the usual body.
	DryRunHeader = "X-Skylog-Dry-Run"
	// EventsHeader has the events that the call would cause, a JSON list in ASCII,
	// where they are short enough for a header.
	EventsHeader = "X-Skylog-Events"
	// EventCountHeader says how many they are.
	EventCountHeader = "X-Skylog-Event-Count"
)

// maxEventsHeader is how long the list in EventsHeader may be: clients refuse
// lines of 64 KiB, proxies of 8.
const maxEventsHeader = 6 << 10

// Unrehearsed is for changes that can't be rehearsed, since what they do isn't
// decided as a command: bytes are moved, a token is given out, a secret is
// guessed at. They refuse dry runs. So does whatever streams its body.
func Unrehearsed(o *Operation, _ *huma.Operation) { o.unrehearsed = true }

// rehearse makes the request a rehearsal, if that is asked for.
func (r *request) rehearse(reply http.Header) error {
	switch value := r.http.Header.Get(DryRunHeader); {
	case value == "" || value == "false" || reads(r.http): // who only asks changes nothing anyway
		return nil
	case value != "true" && value != "events":
		return Fail(http.StatusBadRequest, "%s is \"true\", \"events\" or \"false\".", DryRunHeader)
	case r.operation.stream || r.operation.unrehearsed || r.gateway.sources.Rehearsed == nil:
		return Fail(http.StatusNotImplemented, "This call can't be rehearsed: what it does isn't decided as a command.")
	}
	r.rehearsal = &commands.Rehearsal{}
	reply.Set(DryRunHeader, "true")
	return nil
}

// Rehearsing says whether the request is a rehearsal, in which nothing may be done
// beside asking for commands.
func Rehearsing(ctx context.Context) bool { return of(ctx).rehearsal != nil }

// rehearsed is the body of a rehearsal that was asked for events.
type rehearsed struct {
	Status  int               `json:"status"` // of the reply to the real call
	Events  []json.RawMessage `json:"events"`
	Body    json.RawMessage   `json:"body,omitempty"`    // of the same
	Message string            `json:"message,omitempty"` // the body, where it isn't JSON
}

// tellRehearsal sends the reply of a rehearsal and what it would have caused.
func (r *request) tellRehearsal(h *held) {
	h.WriteHeader(http.StatusOK)
	shown, err := r.gateway.sources.Rehearsed(r.http.Context(), r.reader(), time.Now().UTC(), r.rehearsal.Facts)
	if err != nil {
		r.writeFault(h.ResponseWriter, r.fault(logFault(err, "")))
		return
	}
	events := []json.RawMessage{} // also of a refusal: what was asked before it would stay done
	for _, e := range shown {
		data, err := encode(nil, e, Version{})
		if err != nil {
			r.writeFault(h.ResponseWriter, r.fault(err))
			return
		}
		events = append(events, data)
	}
	h.Header().Set(EventCountHeader, strconv.Itoa(len(events)))
	if r.http.Header.Get(DryRunHeader) == "events" {
		r.replaceBody(h, events)
	} else if line := list(events); len(line) <= maxEventsHeader {
		h.Header().Set(EventsHeader, line)
	}
	h.send()
}

// replaceBody puts the events in the place of the body, and the body among them.
func (r *request) replaceBody(h *held, events []json.RawMessage) {
	out := rehearsed{Status: h.status, Events: events}
	if body := bytes.Clone(h.body.Bytes()); json.Valid(body) {
		out.Body = body
	} else {
		out.Message = string(body)
	}
	data, err := encode(nil, out, Version{})
	if err != nil {
		r.gateway.log.Error("a rehearsal can't be told", "request", r.id, "err", err)
		return
	}
	h.body.Reset()
	h.body.Write(data)
	if h.status == http.StatusNoContent { // which has no body
		h.status = http.StatusOK
	}
	h.Header().Set("Content-Type", "application/json")
}

// list is a JSON list in ASCII.
func list(events []json.RawMessage) string {
	b := []byte{'['}
	for i, e := range events {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendASCII(b, e)
	}
	return string(append(b, ']'))
}

// appendASCII appends JSON with whatever isn't ASCII, which is in texts only, escaped.
func appendASCII(b []byte, text []byte) []byte {
	for len(text) > 0 {
		c, n := utf8.DecodeRune(text)
		switch {
		case c < 0x7f:
			b = append(b, byte(c))
		case c > 0xffff:
			c -= 0x10000
			b = fmt.Appendf(b, `\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		default:
			b = fmt.Appendf(b, `\u%04x`, c)
		}
		text = text[n:]
	}
	return b
}

// unsealed begins what a rehearsal has in the place of something sealed.
var unsealed = []byte("rehearsed\x00")

// Seal seals something for an owner. In a rehearsal it doesn't, for the first
// thing that is sealed for anybody makes their key: there, what is returned is
// good for Unseal in the same request only.
func Seal(ctx context.Context, seal func(owner string, plaintext []byte) ([]byte, error), owner string, plaintext []byte) ([]byte, error) {
	if Rehearsing(ctx) {
		return append(bytes.Clone(unsealed), plaintext...), nil
	}
	return seal(owner, plaintext)
}

// Unseal opens what Seal made.
func Unseal(ctx context.Context, open func(owner string, envelope []byte) ([]byte, error), owner string, envelope []byte) ([]byte, error) {
	if plaintext, ok := bytes.CutPrefix(envelope, unsealed); ok && Rehearsing(ctx) {
		return plaintext, nil
	}
	return open(owner, envelope)
}

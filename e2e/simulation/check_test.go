package simulation

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"skylog/infra/cell"
	"skylog/projections"
	"skylog/projections/compute"
)

// restless says what is still under way, or differs between the world and the
// hosts; nothing when all is at rest.
func (c *cloud) restless(w *projections.World) (why []string) {
	say := func(f string, v ...any) { why = append(why, fmt.Sprintf(f, v...)) }
	wanted := map[string]map[string]string{}
	plugged := map[string][]string{}
	for id, s := range w.Compute.Servers.All() {
		if s.TaskState != compute.NoTask || !s.Due.IsZero() {
			say("server %s is %s and at %q, due %v", id, s.VMState, s.TaskState, s.Due)
		}
		if s.Live != nil {
			say("server %s is on its way: %+v", id, *s.Live)
		}
		if s.Host == "" {
			continue
		}
		if wanted[s.Host] == nil {
			wanted[s.Host] = map[string]string{}
		}
		wanted[s.Host][id] = s.Want
		states := map[string]string{compute.Active: "running", compute.Stopped: "stopped", compute.Paused: "paused", compute.Suspended: "suspended"}
		if state := states[s.VMState]; state != s.Want && s.VMState != compute.Errored {
			say("server %s is %s, but wanted %s", id, s.VMState, s.Want)
		}
		for port := range w.Network.Ports.OfDevice(id, "") {
			plugged[s.Host] = append(plugged[s.Host], port)
		}
	}
	for number, m := range w.Compute.Migrations.All() {
		if m.Live() {
			say("migration %d of %s is %s", number, m.ServerID, m.Status)
		}
	}
	for id, r := range w.Compute.Remains.All() {
		say("host %s still has remains of %s", r.Host, id)
	}
	for _, h := range c.hosts {
		c.compareHost(h, wanted[h.Name], plugged[h.Name], say)
	}
	return why
}

func (c *cloud) compareHost(h *host, wanted map[string]string, plugged []string, say func(string, ...any)) {
	machines, _ := h.Machines(c.ctx)
	there := map[string]bool{}
	for _, m := range machines {
		there[m.ID] = true
		if want, ok := wanted[m.ID]; !ok {
			say("%s has machine %s, which it should not", h.Name, m.ID)
		} else if string(m.Power) != want {
			say("machine %s is %s, wanted %s", m.ID, m.Power, want)
		}
	}
	for id := range wanted {
		if !there[id] {
			say("%s lacks machine %s", h.Name, id)
		}
	}
	for _, id := range h.Awaits() {
		say("%s waits for machine %s, which it should not", h.Name, id)
	}
	ports, _ := h.Ports(c.ctx)
	slices.Sort(ports)
	slices.Sort(plugged)
	if !slices.Equal(ports, plugged) {
		say("%s has ports %q plugged, wanted %q", h.Name, ports, plugged)
	}
	if joined, ok := c.cell.Now().Compute.Hosts.Get(h.Name); !ok || !joined.Up {
		say("%s isn't up", h.Name)
	}
}

// count compares what is kept with what a recount of the rows gives.
func count(t *testing.T, w *projections.World) {
	projects, hosts, ports := map[string]compute.Usage{}, map[string]compute.Usage{}, map[string]int{}
	add := func(m map[string]compute.Usage, key string, s *compute.Server) {
		u := m[key]
		m[key] = compute.Usage{Servers: u.Servers + 1, VCPUs: u.VCPUs + s.Flavor.VCPUs, RAMMiB: u.RAMMiB + s.Flavor.RAMMiB, DiskGiB: u.DiskGiB + s.Flavor.DiskGiB}
	}
	for _, s := range w.Compute.Servers.All() {
		add(projects, s.ProjectID, &s)
		if s.Host != "" {
			add(hosts, s.Host, &s)
		}
	}
	for project, u := range projects {
		if kept := w.Compute.Servers.UsageOf(project); kept != u {
			t.Errorf("project %s uses %+v, kept is %+v", project, u, kept)
		}
	}
	for name, h := range w.Compute.Hosts.All() {
		if h.Used != hosts[name] {
			t.Errorf("host %s is used by %+v, kept is %+v", name, hosts[name], h.Used)
		}
	}
	type at struct {
		subnet string
		addr   netip.Addr
	}
	taken := map[at]string{}
	for id, p := range w.Network.Ports.All() {
		ports[p.ProjectID]++
		s, ok := w.Compute.Servers.Get(p.DeviceID)
		if p.Serves() && (!ok || s.Host != p.Host) {
			t.Errorf("port %s on %q is of server %s, which is on %q", id, p.Host, p.DeviceID, s.Host)
		}
		for _, f := range p.FixedIPs {
			if other, twice := taken[at{f.SubnetID, f.Address}]; twice {
				t.Errorf("ports %s and %s both have %s", id, other, f.Address)
			}
			taken[at{f.SubnetID, f.Address}] = id
		}
	}
	for project, n := range ports {
		if kept := w.Network.Ports.CountOf(project); kept != n {
			t.Errorf("project %s has %d ports, kept is %d", project, n, kept)
		}
	}
	kept := 0
	for id, span := range w.Network.Addresses.All() {
		for a := id.First; ; a = a.Next() {
			if kept++; taken[at{id.Group, a}] == "" {
				t.Errorf("address %s of subnet %s is kept as taken, but no port has it", a, id.Group)
			}
			if a == span.Last {
				break
			}
		}
	}
	if kept != len(taken) {
		t.Errorf("%d addresses are kept as taken, ports have %d", kept, len(taken))
	}
}

// verify folds the log anew and compares.
func (c *cloud) verify(w *projections.World) {
	hash, err := w.StateHash()
	if err != nil {
		c.t.Fatal(err)
	}
	found, err := cell.Verify(context.Background(), c.store, c.snaps, nil)
	if err != nil || found.Hash != hash {
		c.t.Errorf("the log gives state %s, the cell had %s: %v", found.Hash, hash, err)
	}
	for s := range w.Compute.Servers.Due(w.Time.Add(1000 * time.Hour)) {
		c.t.Errorf("server %s has a deadline still", s.ID)
	}
}

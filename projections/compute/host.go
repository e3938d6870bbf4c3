package compute

import (
	"cmp"
	"iter"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections/table"
)

// Host is what is known of one compute host. The zero Host doesn't exist.
type Host struct {
	evt.HostJoined
	Number              uint64 // the integer id of the hypervisor and of its service
	Up                  bool
	Disabled            bool
	DisabledReason      string
	Used                Usage
	JoinedAt, UpdatedAt time.Time
}

// Allocation ratios: how much more than it has a host may promise (Nova's
// initial_cpu_allocation_ratio, initial_ram_ and initial_disk_ are 4, 1 and 1).
const (
	CPURatio  = 4
	RAMRatio  = 1
	DiskRatio = 1
)

// Fits says whether a server of this size may still be put on the host.
func (h *Host) Fits(u Usage) bool {
	return h.Used.VCPUs+u.VCPUs <= h.VCPUs*CPURatio &&
		h.Used.RAMMiB+u.RAMMiB <= h.RAMMiB*RAMRatio &&
		h.Used.DiskGiB+u.DiskGiB <= h.DiskGiB*DiskRatio
}

// free orders hosts of a zone by what they have left, most first.
type free struct {
	zone string // empty: of all zones
	less int    // the free RAM, negated
}

// Hosts is the table of compute hosts by name.
type Hosts struct {
	table.Of[string, Host]
	roomy  table.Index[free, string, Host]
	byID   table.Index[string, string, Host]
	totals table.Tally[bool, HostTotals, string, Host]
}

// HostTotals is what hosts have and promised, together.
type HostTotals struct {
	Hosts, VCPUs, RAMMiB, DiskGiB int
	Used                          Usage
}

func newHosts() Hosts {
	t := Hosts{Of: table.New[string, Host](strings.Compare)}
	t.roomy = table.By(&t.Of, func(a, b free) int {
		return cmp.Or(strings.Compare(a.zone, b.zone), cmp.Compare(a.less, b.less))
	}, func(h *Host, emit func(free)) {
		if h.Up && !h.Disabled {
			left := h.RAMMiB*RAMRatio - h.Used.RAMMiB
			emit(free{"", -left})
			emit(free{h.Zone, -left})
		}
	})
	t.byID = table.By(&t.Of, strings.Compare, func(h *Host, emit func(string)) { emit(h.ID) })
	t.totals = table.Sum(&t.Of, func(a, b bool) int { return 0 }, func(h *Host) (bool, HostTotals, bool) {
		return true, HostTotals{1, h.VCPUs, h.RAMMiB, h.DiskGiB, h.Used}, true
	}, func(a, b HostTotals, sign int) HostTotals {
		return HostTotals{a.Hosts + sign*b.Hosts, a.VCPUs + sign*b.VCPUs, a.RAMMiB + sign*b.RAMMiB, a.DiskGiB + sign*b.DiskGiB, addUsage(a.Used, b.Used, sign)}
	})
	return t
}

// Roomy goes through the hosts of a zone (empty: of all) on which servers may be
// put, those with the most free RAM first.
func (t *Hosts) Roomy(zone string) iter.Seq[Host] {
	return func(yield func(Host) bool) {
		for p, h := range table.From(t.roomy, &t.Of, free{zone, -1 << 62}) {
			if p.Value.zone != zone || !yield(h) {
				return
			}
		}
	}
}

// WithID returns the host whose hypervisor has this UUID.
func (t *Hosts) WithID(id string) (Host, bool) { return table.First(t.byID, &t.Of, id) }

// Totals is what all hosts have and promised.
func (t *Hosts) Totals() HostTotals { return table.Total(t.totals, &t.Of, true) }

// Apply folds one event into the table. Servers are as they were before it.
func (t *Hosts) Apply(e events.Event, m events.Meta, servers *Servers) {
	switch e := e.(type) {
	case evt.HostJoined:
		h, known := t.Get(e.Name)
		if !known {
			h.Number, h.JoinedAt = m.Number, m.Time
		}
		h.HostJoined, h.Up, h.UpdatedAt = e, true, m.Time
		h.Zone = shared(h.Zone)
		t.Put(e.Name, h)
	case evt.HostLost:
		t.Update(e.Name, func(h *Host) { h.Up, h.UpdatedAt = false, m.Time })
	case evt.HostReturned:
		t.Update(e.Name, func(h *Host) { h.Up, h.UpdatedAt = true, m.Time })
	case evt.HostDisabled:
		t.Update(e.Name, func(h *Host) { h.Disabled, h.DisabledReason, h.UpdatedAt = true, e.Reason, m.Time })
	case evt.HostEnabled:
		t.Update(e.Name, func(h *Host) { h.Disabled, h.DisabledReason, h.UpdatedAt = false, "", m.Time })
	case evt.ServerPlaced:
		t.claim(servers, e.ID, e.Host, 1)
	case evt.ServerDeleted:
		if s, ok := servers.Get(e.ID); ok {
			t.claim(servers, e.ID, s.Host, -1)
		}
	}
}

func (t *Hosts) claim(servers *Servers, id, host string, sign int) {
	if s, ok := servers.Get(id); ok {
		t.Update(host, func(h *Host) { h.Used = addUsage(h.Used, s.usage(), sign) })
	}
}

// Remain is what a host still has of a server that is deleted.
type Remain struct {
	Host, ID   string
	PortIDs    []string
	Generation uint64
}

// Remains is the table of what hosts must still remove.
type Remains struct {
	table.Of[string, Remain]
	byHost table.Index[string, string, Remain]
}

func newRemains() Remains {
	t := Remains{Of: table.New[string, Remain](strings.Compare)}
	t.byHost = table.By(&t.Of, strings.Compare, func(r *Remain, emit func(string)) { emit(r.Host) })
	return t
}

// OfHost goes through what a host must still remove.
func (t *Remains) OfHost(host string) iter.Seq2[string, Remain] {
	return table.Each(t.byHost, &t.Of, host)
}

// Apply folds one event into the table. Servers are as they were before it.
func (t *Remains) Apply(e events.Event, servers *Servers) {
	switch e := e.(type) {
	case evt.ServerDeleted:
		if s, ok := servers.Get(e.ID); ok && e.Unconfirmed && s.Host != "" {
			t.Put(e.ID, Remain{Host: s.Host, ID: e.ID, PortIDs: s.PortIDs, Generation: s.Generation})
		}
	case evt.ServerRemainsRemoved:
		t.Delete(e.ID)
	}
}

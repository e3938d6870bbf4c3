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
	Number         uint64 // the integer id of the hypervisor and of its service
	Up             bool
	Disabled       bool
	DisabledReason string
	// ForcedDown: an operator vouches for its being down.
	ForcedDown bool
	// AggregateZone is the zone that an aggregate puts it in; empty: none does.
	AggregateZone string
	Used          Usage
	// Draining: its servers shall go elsewhere, of which there were Drained; once
	// all have gone it isn't draining any more.
	Draining            bool
	Drained             int
	JoinedAt, UpdatedAt time.Time
}

// Alive says that the host is heard, and nobody vouches for its being down.
func (h *Host) Alive() bool { return h.Up && !h.ForcedDown }

// InZone is the availability zone that the host is in.
func (h *Host) InZone() string { return cmp.Or(h.AggregateZone, h.Zone) }

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
		if h.Alive() && !h.Disabled {
			left := h.RAMMiB*RAMRatio - h.Used.RAMMiB
			emit(free{"", -left})
			emit(free{h.InZone(), -left})
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

// Apply folds one event into the table.
func (t *Hosts) Apply(e events.Event, m events.Meta) {
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
	case evt.HostForgotten:
		t.Delete(e.Name)
	case evt.HostForcedDown:
		t.Update(e.Name, func(h *Host) { h.ForcedDown, h.UpdatedAt = e.Down, m.Time })
	case evt.HostEnabled:
		t.Update(e.Name, func(h *Host) {
			h.Disabled, h.DisabledReason, h.UpdatedAt = false, "", m.Time
			h.Draining, h.Drained = false, 0
		})
	case evt.HostDrainRequested:
		t.Update(e.Name, func(h *Host) { h.Draining, h.Drained, h.UpdatedAt = true, e.Servers, m.Time })
	case evt.HostDrained:
		t.Update(e.Name, func(h *Host) { h.Draining, h.UpdatedAt = false, m.Time })
	}
}

// claimant is the server whose claims an event may change.
func claimant(e events.Event) string {
	switch e := e.(type) {
	case evt.ServerPlaced:
		return e.ID
	case evt.ServerDeleted:
		return e.ID
	case evt.ServerResizeRequested:
		return e.ID
	case evt.ServerResizeConfirmed:
		return e.ID
	case evt.ServerResizeReverted:
		return e.ID
	case evt.ServerActionFailed:
		return e.ID
	case evt.ServerStateReset:
		return e.ID
	case evt.ServerOffloaded:
		return e.ID
	case evt.ServerUnshelveRequested:
		return e.ID
	case evt.ServerEvacuationRequested:
		return e.ID
	case evt.ServerLiveMigrationRequested:
		return e.ID
	case evt.ServerLiveMigrated:
		return e.ID
	case evt.ServerLiveMigrationFailed:
		return e.ID
	}
	return ""
}

// Remain is what a host still has of a server that is deleted, or elsewhere by now.
type Remain struct {
	Host, ID   string
	PortIDs    []string
	Generation uint64
}

// RemainID is the key of a remain's row.
type RemainID struct{ ID, Host string }

// Remains is the table of what hosts must still remove, by server.
type Remains struct {
	table.Of[RemainID, Remain]
	byHost table.Index[string, RemainID, Remain]
}

func newRemains() Remains {
	t := Remains{Of: table.New[RemainID, Remain](func(a, b RemainID) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Host, b.Host))
	})}
	t.byHost = table.By(&t.Of, strings.Compare, func(r *Remain, emit func(string)) { emit(r.Host) })
	return t
}

// OfHost goes through what a host must still remove.
func (t *Remains) OfHost(host string) iter.Seq2[RemainID, Remain] {
	return table.Each(t.byHost, &t.Of, host)
}

// OfServer goes through what hosts must still remove of a server.
func (t *Remains) OfServer(id string) iter.Seq[Remain] {
	return func(yield func(Remain) bool) {
		for k, r := range t.From(RemainID{ID: id}) {
			if k.ID != id || !yield(r) {
				return
			}
		}
	}
}

// Apply folds one event into the table. Servers are as they were before it.
func (t *Remains) Apply(e events.Event, servers *Servers) {
	leave := func(id, host string) {
		if s, ok := servers.Get(id); ok && host != "" {
			t.Put(RemainID{id, host}, Remain{Host: host, ID: id, PortIDs: s.PortIDs, Generation: s.Generation})
		}
	}
	come := func(id, host string) { t.Delete(RemainID{id, host}) }
	switch e := e.(type) {
	case evt.ServerDeleted:
		if s, ok := servers.Get(e.ID); ok && e.Unconfirmed {
			leave(e.ID, s.Host)
		}
	case evt.ServerLeft:
		leave(e.ID, e.Host)
	case evt.ServerRemainsRemoved:
		come(e.ID, e.Host)
	case evt.ServerCarried: // it is there again: what is left of it there, it has
		if s, ok := servers.Get(e.ID); ok && s.Old != nil {
			come(e.ID, s.Old.To)
		}
	case evt.ServerUnshelveRequested:
		come(e.ID, e.Host)
	case evt.ServerEvacuationRequested:
		come(e.ID, e.Host)
	}
}

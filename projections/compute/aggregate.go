package compute

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections/table"
)

// Aggregate is a group of hosts. The zero Aggregate doesn't exist.
type Aggregate struct {
	evt.AggregateCreated
	Number               int               // the integer id by which it is known
	Hosts                []string          // in the order in which they came
	Metadata             map[string]string // without the zone
	CreatedAt, UpdatedAt time.Time
}

// Aggregates is the table of aggregates by id.
type Aggregates struct {
	table.Of[string, Aggregate]
	byNumber table.Index[int64, string, Aggregate]
	byName   table.Index[string, string, Aggregate]
	byHost   table.Index[string, string, Aggregate]
}

func newAggregates() Aggregates {
	t := Aggregates{Of: table.New[string, Aggregate](strings.Compare)}
	t.byNumber = table.By(&t.Of, cmp.Compare[int64], func(a *Aggregate, emit func(int64)) { emit(int64(a.Number)) })
	t.byName = table.By(&t.Of, strings.Compare, func(a *Aggregate, emit func(string)) { emit(a.Name) })
	t.byHost = table.By(&t.Of, strings.Compare, func(a *Aggregate, emit func(string)) {
		for _, h := range a.Hosts {
			emit(h)
		}
	})
	return t
}

// Numbered returns the aggregate of an integer id.
func (t *Aggregates) Numbered(n int) (Aggregate, bool) {
	return table.First(t.byNumber, &t.Of, int64(n))
}

// Named returns the aggregate of a name; there is at most one.
func (t *Aggregates) Named(name string) (Aggregate, bool) { return table.First(t.byName, &t.Of, name) }

// InOrder goes through all aggregates as they were made.
func (t *Aggregates) InOrder() iter.Seq[Aggregate] {
	return func(yield func(Aggregate) bool) {
		for _, a := range table.From(t.byNumber, &t.Of, 0) {
			if !yield(a) {
				return
			}
		}
	}
}

// OfHost goes through the aggregates that a host is in.
func (t *Aggregates) OfHost(host string) iter.Seq2[string, Aggregate] {
	return table.Each(t.byHost, &t.Of, host)
}

// ZoneOf is the zone that aggregates give a host; empty: none does.
func (t *Aggregates) ZoneOf(host string) string {
	for _, a := range t.OfHost(host) {
		if a.Zone != "" {
			return a.Zone
		}
	}
	return ""
}

// Apply folds one event into the table and tells hosts of their zones.
func (t *Aggregates) Apply(e events.Event, m events.Meta, hosts *Hosts) {
	change := func(id string, how func(*Aggregate)) {
		before, _ := t.Get(id)
		t.Update(id, func(a *Aggregate) {
			how(a)
			a.UpdatedAt = m.Time
		})
		now, _ := t.Get(id)
		for _, h := range append(slices.Clone(before.Hosts), now.Hosts...) {
			zone := shared(t.ZoneOf(h))
			if host, ok := hosts.Get(h); ok && host.AggregateZone != zone {
				hosts.Update(h, func(h *Host) { h.AggregateZone = zone })
			}
		}
	}
	switch e := e.(type) {
	case evt.AggregateCreated:
		t.Put(e.ID, Aggregate{AggregateCreated: e, Number: int(m.Number), CreatedAt: m.Time})
	case evt.AggregateChanged:
		change(e.ID, func(a *Aggregate) { a.Name, a.Zone, a.Metadata = e.Name, e.Zone, e.Metadata })
	case evt.AggregateHostAdded:
		change(e.ID, func(a *Aggregate) { a.Hosts = append(slices.Clip(a.Hosts), e.Host) })
	case evt.AggregateHostRemoved:
		change(e.ID, func(a *Aggregate) {
			a.Hosts = slices.DeleteFunc(slices.Clone(a.Hosts), func(h string) bool { return h == e.Host })
		})
	case evt.AggregateDeleted:
		t.Delete(e.ID)
	}
}

// Package network is what is known in the network service: a fold of its events.
// It also tells what a host must be told about a port (HostView), and whose
// host views an event changes (Affected).
package network

import (
	"net/netip"
	"time"

	"skylog/events"
	"skylog/projections/table"
)

// Tables are the tables of the network service.
type Tables struct {
	Networks Networks
	Subnets  Subnets
	Ports    Ports
	Groups   Groups
	Rules    Rules
	Quotas   Quotas
	// Addresses are those in use, grouped by subnet; Segments the VNIs in use.
	Addresses Spans[netip.Addr]
	Segments  Spans[uint32]
}

// New makes the service's tables, empty.
func New() Tables {
	return Tables{
		Networks:  newNetworks(),
		Subnets:   newSubnets(),
		Ports:     newPorts(),
		Groups:    newGroups(),
		Rules:     newRules(),
		Quotas:    Quotas{table.New[string, Quota](compareStrings)},
		Addresses: newSpans(netip.Addr.Compare, netip.Addr.Next, netip.Addr.Prev),
		Segments: newSpans(
			func(a, b uint32) int { return int(int64(a) - int64(b)) },
			func(v uint32) uint32 { return v + 1 },
			func(v uint32) uint32 { return v - 1 }),
	}
}

// Apply folds one event into every table that it concerns.
func (t *Tables) Apply(e events.Event, m events.Meta) {
	t.applyNetwork(e, m)
	t.applySubnet(e, m)
	t.applyPort(e, m)
	t.applyGroup(e, m)
	t.applyTags(e, m)
	t.Quotas.apply(e)
}

// Standard is what every thing of the network service has.
type Standard struct {
	Revision             int // counts the changes since it was made, which is 1
	CreatedAt, UpdatedAt time.Time
	Tags                 []string // in alphabetical order
	// Number orders things by when they were made.
	Number uint64
}

func made(m events.Meta) Standard {
	return Standard{Revision: 1, CreatedAt: m.Time, UpdatedAt: m.Time, Number: m.Number}
}

func (s *Standard) touch(m events.Meta) {
	s.Revision++
	s.UpdatedAt = m.Time
}

package network

import (
	"cmp"
	"net/netip"
	"strings"

	"skylog/projections/table"
)

// Pair is a value by which things are found, within the scope that it is asked in.
// Things are found by name within their project, and within the empty scope by
// those who see all projects.
type Pair struct{ Scope, Value string }

// Hint implements table.Hinter.
func (p *Pair) Hint() uint64 { return table.Within(p.Scope, table.Prefix(p.Value)) }

// Everywhere is the scope of those who see all projects.
const Everywhere = ""

func compareStrings(a, b string) int { return strings.Compare(a, b) }

func comparePairs(a, b Pair) int {
	return cmp.Or(strings.Compare(a.Scope, b.Scope), strings.Compare(a.Value, b.Value))
}

// AddressIn is an address within a scope: a subnet, a project, or everywhere.
type AddressIn struct {
	Scope   string
	Address netip.Addr
}

// Hint implements table.Hinter.
func (a *AddressIn) Hint() uint64 { return table.Prefix(a.Scope) }

func compareAddresses(a, b AddressIn) int {
	return cmp.Or(strings.Compare(a.Scope, b.Scope), a.Address.Compare(b.Address))
}

// both emits a value within a scope and everywhere.
func both(emit func(Pair), scope, value string) {
	emit(Pair{scope, value})
	emit(Pair{Everywhere, value})
}

package projections

import (
	"skylog/projections/compute"
	"skylog/projections/placement"
)

// Taken is how much of a class of a provider's resources is promised: to clients
// that allocated it and, where the provider stands for a compute host, to servers.
func (w *World) Taken(p *placement.Provider, class string) int {
	n := w.Placement.Allocations.Used(p.ID, class)
	if p.Host == "" {
		return n
	}
	h, ok := w.Compute.Hosts.Get(p.Host)
	if !ok || h.ID != p.ID {
		return n
	}
	return n + Portion(h.Used, class)
}

// Portion is how much of a class of resources is in what servers take.
func Portion(u compute.Usage, class string) int {
	switch class {
	case placement.VCPU:
		return u.VCPUs
	case placement.MemoryMB:
		return u.RAMMiB
	case placement.DiskGB:
		return u.DiskGiB
	}
	return 0
}

// HasRoom says whether a provider may promise an amount of a class in one portion.
// Nothing is always to be had.
func (w *World) HasRoom(p *placement.Provider, class string, amount int) bool {
	if amount == 0 {
		return true
	}
	i, ok := p.Inventory(class)
	return ok && placement.Suits(i, amount) && w.Taken(p, class)+amount <= placement.Capacity(i)
}

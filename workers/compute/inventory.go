package compute

import (
	"context"
	"errors"
	"fmt"
	"time"

	cmd "skylog/commands/compute"
	"skylog/workers"
)

// Inventory is what a host had when its wants began to be read anew.
type Inventory struct {
	booter   *Booter
	machines map[string]bool // those that no want has named so far
	ports    []string
	waiting  []string // servers whose wants were read but had not come to the Booter
	complete bool     // all wants were there to be read
}

// errSettingAside says that a want came for a machine just when it was being set
// aside. It passes.
var errSettingAside = errors.New("the machine is being set aside")

// Inventory looks at what the host has, ahead of reading its wants: a machine
// that is made after this isn't in it.
func (b *Booter) Inventory(ctx context.Context) (*Inventory, error) {
	b.forgetGone()
	machines, err := b.Hypervisor.Machines(ctx)
	if err != nil {
		return nil, err
	}
	ports, err := b.Network.Ports(ctx)
	if err != nil {
		return nil, err
	}
	i := &Inventory{booter: b, machines: map[string]bool{}, ports: ports}
	for _, m := range machines {
		if !b.knows(m.ID) {
			i.machines[m.ID] = true
		}
	}
	return i, nil
}

// Wanted notes a want that was read.
func (i *Inventory) Wanted(kind, id string) {
	switch kind {
	case workers.CompleteKind:
		i.complete = true
	case Kind:
		delete(i.machines, id)
		if !i.booter.knows(id) {
			i.waiting = append(i.waiting, id)
		}
	}
}

// Settle reports the machines that no want speaks of. Those of which that was
// said at the inventory before, too, are set aside, and unplugged are the ports
// that no server has. Where anything is in doubt, all stays as it is: no want
// that came since this process started may name what is touched.
func (i *Inventory) Settle(ctx context.Context) error {
	if !i.complete {
		return nil
	}
	b := i.booter
	b.settling.Lock()
	defer b.settling.Unlock()
	for id := range i.machines {
		if err := b.orphan(ctx, id); err != nil {
			return err
		}
	}
	b.keepSuspects(i.machines)
	for _, id := range i.waiting {
		if !b.knows(id) { // nobody knows yet which ports it has
			return nil
		}
	}
	suspects := map[string]bool{}
	for _, port := range i.ports {
		if b.ownerOf(port) != "" {
			continue
		}
		suspects[port] = true
		if b.loosePorts[port] {
			if err := b.unplug(ctx, port, ""); err != nil {
				return err
			}
		}
	}
	b.loosePorts = suspects
	return nil
}

// orphan reports a machine that nobody wants, and sets it aside the second time.
func (b *Booter) orphan(ctx context.Context, id string) error {
	first, ours := b.claimOrphan(id)
	if !ours {
		return nil
	}
	if first {
		return b.Report(ctx, cmd.ReportOrphan{Host: b.Name, ID: id})
	}
	defer b.releaseOrphan(id)
	if err := b.Hypervisor.Quarantine(ctx, id); err != nil {
		return fmt.Errorf("set machine %s aside: %w", id, err)
	}
	return nil
}

// claimOrphan says whether a machine is without a want still, and whether that
// was found now for the first time. Where it was found before, a want that comes
// now waits until releaseOrphan.
func (b *Booter) claimOrphan(id string) (first, ours bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.done[id]; known {
		return false, false
	}
	if !b.suspects[id] {
		return true, true
	}
	if b.aside == nil {
		b.aside = map[string]bool{}
	}
	b.aside[id] = true
	return false, true
}

func (b *Booter) releaseOrphan(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.aside, id)
}

func (b *Booter) keepSuspects(machines map[string]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.suspects = machines
}

// forgetGone lets go of the servers that were gone by the inventory before.
func (b *Booter) forgetGone() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range b.longGone {
		if d, ok := b.done[id]; ok && d.gone {
			delete(b.done, id)
		}
	}
	b.longGone, b.gone = b.gone, nil
}

// inventoryTime bounds how long a host is looked at before its wants are read.
const inventoryTime = 20 * time.Second

// Inventories is what several hosts of one process had.
type Inventories struct {
	ctx   context.Context
	hosts map[string]*Inventory
	tell  func(host string, err error)
}

var _ workers.Inventory = Inventories{}

// TakeInventories looks at what the agents' hosts have. One that can't be looked
// at is left out, and told of.
func TakeInventories(ctx context.Context, agents map[string]*Agent, tell func(host string, err error)) Inventories {
	all := Inventories{ctx, map[string]*Inventory{}, tell}
	short, cancel := context.WithTimeout(ctx, inventoryTime)
	defer cancel()
	for name, a := range agents {
		i, err := a.Inventory(short)
		if err != nil {
			tell(name, err)
			continue
		}
		all.hosts[name] = i
	}
	return all
}

// Wanted implements workers.Inventory.
func (a Inventories) Wanted(host, kind, id string) {
	if i := a.hosts[host]; i != nil {
		i.Wanted(kind, id)
	}
}

// Settle implements workers.Inventory.
func (a Inventories) Settle() {
	for name, i := range a.hosts {
		if err := i.Settle(a.ctx); err != nil && a.ctx.Err() == nil {
			a.tell(name, err)
		}
	}
}

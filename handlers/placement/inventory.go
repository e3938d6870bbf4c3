package placement

import (
	"cmp"
	"slices"

	"skylog/commands"
	cmd "skylog/commands/placement"
	"skylog/events"
	evt "skylog/events/placement"
	"skylog/projections"
	view "skylog/projections/placement"
)

// hosted are the classes of which a compute host itself says how much it has.
var hosted = []string{view.DiskGB, view.MemoryMB, view.VCPU}

// SetInventories says all that a provider has.
func SetInventories(w *projections.World, c cmd.SetInventories) ([]events.Event, error) {
	p, err := provider(w, c.ProviderID)
	if err != nil {
		return nil, err
	}
	if err := fresh(&p, &c.Generation); err != nil {
		return nil, err
	}
	all, err := inventories(w, &p, c.Inventories, c.Spare)
	if err != nil {
		return nil, err
	}
	return inventoriesSet(w, &p, all)
}

// AddInventory adds a class to what a provider has.
func AddInventory(w *projections.World, c cmd.AddInventory) ([]events.Event, error) {
	p, err := provider(w, c.ProviderID)
	if err != nil {
		return nil, err
	}
	if _, has := p.Inventory(c.Inventory.Class); has {
		return nil, commands.RefuseAs(commands.Conflict, stale, "Update conflict: resource provider %s has an inventory of %s already.", p.ID, c.Inventory.Class)
	}
	more, err := inventories(w, &p, []cmd.Inventory{c.Inventory}, c.Spare)
	if err != nil {
		return nil, err
	}
	return inventoriesSet(w, &p, append(more, p.Inventories...))
}

// ChangeInventory changes one class of what a provider has.
func ChangeInventory(w *projections.World, c cmd.ChangeInventory) ([]events.Event, error) {
	p, err := provider(w, c.ProviderID)
	if err != nil {
		return nil, err
	}
	if err := fresh(&p, &c.Generation); err != nil {
		return nil, err
	}
	if _, has := p.Inventory(c.Inventory.Class); !has {
		return nil, commands.Refuse(commands.Invalid, "No inventory record with resource class for resource provider %s: %s", p.ID, c.Inventory.Class)
	}
	now, err := inventories(w, &p, []cmd.Inventory{c.Inventory}, c.Spare)
	if err != nil {
		return nil, err
	}
	return inventoriesSet(w, &p, append(now, without(p.Inventories, c.Inventory.Class)...))
}

// RemoveInventory takes one class away from a provider, or all.
func RemoveInventory(w *projections.World, c cmd.RemoveInventory) ([]events.Event, error) {
	p, err := provider(w, c.ProviderID)
	if err != nil {
		return nil, err
	}
	if c.Class == "" {
		return inventoriesSet(w, &p, nil)
	}
	if _, has := p.Inventory(c.Class); !has {
		return nil, commands.Refuse(commands.NotFound, "No inventory of class %s found for delete", c.Class)
	}
	return inventoriesSet(w, &p, without(p.Inventories, c.Class))
}

func without(all []view.Inventory, class string) []view.Inventory {
	return slices.DeleteFunc(slices.Clone(all), func(i view.Inventory) bool { return i.Class == class })
}

// inventories checks what was sent as inventories. Spare: something must be left
// beside what is reserved.
func inventories(w *projections.World, p *view.Provider, sent []cmd.Inventory, spare bool) ([]view.Inventory, error) {
	all := make([]view.Inventory, 0, len(sent)+1)
	for _, s := range sent {
		i := view.Inventory(s)
		if !w.Placement.HasClass(i.Class) {
			return nil, commands.Refuse(commands.Invalid, "Unknown resource class in inventory for resource provider %s: No such resource class %s.", p.ID, i.Class)
		}
		left := view.Capacity(i)
		if left < 0 || spare && left == 0 || i.Ratio < 0 {
			return nil, commands.Refuse(commands.Invalid, "Unable to update inventory for resource provider %s: Invalid inventory for '%s'. The reserved value is too large.", p.ID, i.Class)
		}
		all = append(all, i)
	}
	return all, nil
}

// inventoriesSet decides that a provider has this from now on. What somebody
// has of it must stay, and a compute host has what it says that it has.
func inventoriesSet(w *projections.World, p *view.Provider, now []view.Inventory) ([]events.Event, error) {
	if len(now) > maxClasses {
		return nil, commands.Refuse(commands.OverLimit, "A resource provider may have inventories of %d classes at most.", maxClasses)
	}
	after := *p
	after.Inventories = slices.Clone(now)
	slices.SortFunc(after.Inventories, func(a, b view.Inventory) int { return cmp.Compare(a.Class, b.Class) })
	if err := hostKeeps(p, &after); err != nil {
		return nil, err
	}
	for _, i := range p.Inventories {
		if _, stays := after.Inventory(i.Class); !stays && w.Taken(p, i.Class) > 0 {
			return nil, commands.RefuseAs(commands.Conflict, classInUse, "Inventory for '%s' on resource provider '%s' in use.", i.Class, p.ID)
		}
	}
	return events.List(evt.InventoriesSet{ProviderID: p.ID, Inventories: after.Inventories}), nil
}

// hostKeeps refuses to let a compute host have another amount than it says.
func hostKeeps(before, after *view.Provider) error {
	if before.Host == "" {
		return nil
	}
	for _, class := range hosted {
		is, has := before.Inventory(class)
		now, stays := after.Inventory(class)
		if has != stays || has && is.Total != now.Total {
			return commands.RefuseAs(commands.Conflict, classInUse,
				"Compute host %s itself says how much %s it has, and has %d. What is reserved, the allocation ratio and the portions can be changed.", before.Host, class, is.Total)
		}
	}
	return nil
}

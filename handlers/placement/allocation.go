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

// SetAllocations says what consumers have, all of them or none.
func SetAllocations(w *projections.World, c cmd.SetAllocations) ([]events.Event, error) {
	return settle(w, nil, c.Consumers)
}

// RemoveAllocations gives back all that a consumer has.
func RemoveAllocations(w *projections.World, c cmd.RemoveAllocations) ([]events.Event, error) {
	if err := noServer(w, c.ConsumerID); err != nil {
		return nil, err
	}
	if !w.Placement.Consumers.Has(c.ConsumerID) {
		return nil, commands.Refuse(commands.NotFound, "No allocations for consumer '%s'", c.ConsumerID)
	}
	return events.List(evt.AllocationsRemoved(c)), nil
}

// ReshapeProviders moves inventories together with what consumers have of them:
// what comes out of it must be right, not what lies between.
func ReshapeProviders(w *projections.World, c cmd.ReshapeProviders) ([]events.Event, error) {
	after := map[string]*view.Provider{}
	for _, s := range c.Providers {
		p, ok := w.Placement.Providers.Get(s.ProviderID)
		if !ok {
			return nil, commands.RefuseAs(commands.Invalid, noProvider, "Resource provider %s in inventories not found", s.ProviderID)
		}
		if err := fresh(&p, &s.Generation); err != nil {
			return nil, err
		}
		now, err := inventories(w, &p, s.Inventories, false)
		if err != nil {
			return nil, err
		}
		if len(now) > maxClasses {
			return nil, commands.Refuse(commands.OverLimit, "A resource provider may have inventories of %d classes at most.", maxClasses)
		}
		slices.SortFunc(now, func(a, b view.Inventory) int { return cmp.Compare(a.Class, b.Class) })
		before := p
		p.Inventories = now
		if err := hostKeeps(&before, &p); err != nil {
			return nil, err
		}
		after[p.ID] = &p
	}
	return settle(w, after, c.Consumers)
}

// portion is a class of one provider.
type portion struct{ provider, class string }

// balance is how what is taken of a portion changes.
type balance struct{ given, taken int }

// settle decides what consumers have from now on, and what providers have that
// are changed together with it. It tells of classes that vanish with all that
// was taken of them, and of amounts that are not to be had.
func settle(w *projections.World, reshaped map[string]*view.Provider, consumers []cmd.Consumer) ([]events.Event, error) {
	var facts []events.Event
	balances := map[portion]*balance{}
	at := func(provider, class string) *balance {
		b := balances[portion{provider, class}]
		if b == nil {
			b = &balance{}
			balances[portion{provider, class}] = b
		}
		return b
	}
	for _, c := range consumers {
		fact, err := allocate(w, c)
		if err != nil {
			return nil, err
		}
		for a := range w.Placement.Allocations.OfConsumer(c.ID) {
			at(a.ProviderID, a.Class).given += a.Amount
		}
		for _, a := range c.Allotments {
			at(a.ProviderID, a.Class).taken += a.Amount
		}
		if fact != nil {
			facts = append(facts, fact)
		}
	}
	shapes, err := reshape(w, reshaped, balances)
	if err != nil {
		return nil, err
	}
	for _, c := range consumers {
		for _, a := range c.Allotments {
			if err := fits(w, reshaped[a.ProviderID], a, balances[portion{a.ProviderID, a.Class}]); err != nil {
				return nil, err
			}
		}
	}
	return append(shapes, facts...), nil
}

// reshape tells what changed providers have, if all that is taken of it stays.
func reshape(w *projections.World, reshaped map[string]*view.Provider, balances map[portion]*balance) (facts []events.Event, err error) {
	ids := make([]string, 0, len(reshaped))
	for id := range reshaped {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		before, _ := w.Placement.Providers.Get(id)
		for _, i := range before.Inventories {
			if _, stays := reshaped[id].Inventory(i.Class); stays {
				continue
			}
			taken := w.Taken(&before, i.Class)
			if b := balances[portion{id, i.Class}]; b != nil {
				taken += b.taken - b.given
			}
			if taken > 0 {
				return nil, commands.RefuseAs(commands.Conflict, classInUse, "Inventory for '%s' on resource provider '%s' in use.", i.Class, id)
			}
		}
		facts = append(facts, evt.InventoriesSet{ProviderID: id, Inventories: reshaped[id].Inventories})
	}
	return facts, nil
}

// allocate decides what one consumer has, whether or not it is to be had.
func allocate(w *projections.World, c cmd.Consumer) (events.Event, error) {
	if err := noServer(w, c.ID); err != nil {
		return nil, err
	}
	known, ok := w.Placement.Consumers.Get(c.ID)
	switch {
	case !c.Checked:
	case !ok && c.Generation != nil:
		return nil, commands.RefuseAs(commands.Conflict, stale, "consumer generation conflict - expected null but got %d", *c.Generation)
	case ok && c.Generation == nil:
		return nil, commands.RefuseAs(commands.Conflict, stale, "consumer generation conflict - expected %d but got null", known.Generation)
	case ok && *c.Generation != known.Generation:
		return nil, commands.RefuseAs(commands.Conflict, stale, "consumer generation conflict - expected %d but got %d", known.Generation, *c.Generation)
	}
	for _, a := range c.Allotments {
		if !w.Placement.Providers.Has(a.ProviderID) {
			return nil, commands.Refuse(commands.Invalid, "Allocation for resource provider '%s' that does not exist.", a.ProviderID)
		}
		if !w.Placement.HasClass(a.Class) {
			return nil, commands.Refuse(commands.Invalid, "Unable to allocate inventory for consumer %s: No such resource class %s.", c.ID, a.Class)
		}
	}
	if len(c.Allotments) == 0 {
		if !ok {
			return nil, nil
		}
		return evt.AllocationsRemoved{ConsumerID: c.ID}, nil
	}
	fact := evt.AllocationsSet{ConsumerID: c.ID, ProjectID: c.ProjectID, UserID: c.UserID, ConsumerType: cmp.Or(c.Type, known.Type)}
	for _, a := range c.Allotments {
		fact.Allotments = append(fact.Allotments, evt.Allotment(a))
	}
	slices.SortFunc(fact.Allotments, func(a, b evt.Allotment) int {
		return cmp.Or(cmp.Compare(a.ProviderID, b.ProviderID), cmp.Compare(a.Class, b.Class))
	})
	return fact, nil
}

// noServer refuses to speak of servers: what they have follows from where they are.
func noServer(w *projections.World, consumer string) error {
	if w.Compute.Servers.Has(consumer) {
		return commands.Refuse(commands.Conflict, "Consumer %s is a server: what it has follows from its flavor and its host.", consumer)
	}
	return nil
}

// fits refuses an amount that the provider, as it is or will be, can't give.
func fits(w *projections.World, p *view.Provider, a cmd.Allotment, b *balance) error {
	before, _ := w.Placement.Providers.Get(a.ProviderID)
	if p == nil {
		p = &before
	}
	i, ok := p.Inventory(a.Class)
	switch {
	case !ok:
		return commands.Refuse(commands.Conflict, "Unable to allocate inventory: Inventory for '%s' on resource provider '%s' invalid.", a.Class, a.ProviderID)
	case !view.Suits(i, a.Amount):
		return commands.Refuse(commands.Conflict, "Unable to allocate inventory: Unable to create allocation for '%s' on resource provider '%s'. "+
			"The requested amount would violate inventory constraints.", a.Class, a.ProviderID)
	}
	was := w.Taken(&before, a.Class)
	if now := was - b.given + b.taken; now > view.Capacity(i) && now > was { // who is over what it has may give some back
		return commands.Refuse(commands.Conflict, "Unable to allocate inventory: Unable to create allocation for '%s' on resource provider '%s'. "+
			"The requested amount would exceed the capacity.", a.Class, a.ProviderID)
	}
	return nil
}

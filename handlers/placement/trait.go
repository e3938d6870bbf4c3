package placement

import (
	"slices"
	"strings"

	"skylog/commands"
	cmd "skylog/commands/placement"
	"skylog/events"
	evt "skylog/events/placement"
	"skylog/projections"
)

// maxNames is how many names of one kind clients may make.
const maxNames = 10000

// SetTraits says all traits that a provider has.
func SetTraits(w *projections.World, c cmd.SetTraits) ([]events.Event, error) {
	p, err := provider(w, c.ProviderID)
	if err != nil {
		return nil, err
	}
	if err := fresh(&p, c.Generation); err != nil {
		return nil, err
	}
	now := distinct(c.Traits)
	var unknown []string
	for _, name := range now {
		if !w.Placement.HasTrait(name) {
			unknown = append(unknown, name)
		}
	}
	switch {
	case len(unknown) > 0:
		return nil, commands.Refuse(commands.Invalid, "No such trait %s", strings.Join(unknown[:min(len(unknown), 10)], ", "))
	case len(now) > maxTraits:
		return nil, commands.Refuse(commands.OverLimit, "A resource provider may have %d traits at most.", maxTraits)
	case slices.Equal(now, p.Traits):
		return nil, nil
	}
	return events.List(evt.TraitsSet{ProviderID: p.ID, Traits: now}), nil
}

// distinct are names in order, each once.
func distinct(names []string) []string { return slices.Compact(slices.Sorted(slices.Values(names))) }

// CreateTrait makes a trait, if there is none of the name.
func CreateTrait(w *projections.World, c cmd.CreateTrait) ([]events.Event, error) {
	switch {
	case w.Placement.HasTrait(c.Name):
		return nil, nil
	case w.Placement.Traits.Len() >= maxNames:
		return nil, commands.Refuse(commands.OverLimit, "There may be %d custom traits at most.", maxNames)
	}
	return events.List(evt.TraitCreated(c)), nil
}

// DeleteTrait removes a trait that no provider has. The standard ones stay.
func DeleteTrait(w *projections.World, c cmd.DeleteTrait) ([]events.Event, error) {
	switch {
	case !w.Placement.HasTrait(c.Name):
		return nil, commands.Refuse(commands.NotFound, "No such trait(s): %s.", c.Name)
	case !w.Placement.Traits.Has(c.Name):
		return nil, commands.Refuse(commands.Invalid, "Cannot delete standard trait %s.", c.Name)
	case w.Placement.Providers.HasTrait(c.Name):
		return nil, commands.Refuse(commands.Conflict, "The trait %s is in use by a resource provider.", c.Name)
	}
	return events.List(evt.TraitDeleted(c)), nil
}

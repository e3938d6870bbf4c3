package placement

import (
	"skylog/commands"
	cmd "skylog/commands/placement"
	"skylog/events"
	evt "skylog/events/placement"
	"skylog/projections"
	view "skylog/projections/placement"
)

// Names that errors have in Placement's dialect.
const (
	stale      = "placement.concurrent_update"
	duplicate  = "placement.duplicate_name"
	inUse      = "placement.resource_provider.inuse"
	hasBelow   = "placement.resource_provider.cannot_delete_parent"
	noProvider = "placement.resource_provider.not_found"
	classInUse = "placement.inventory.inuse"
)

// Limits of what one provider has, and of a tree.
const (
	maxTree    = 256
	maxClasses = 128
	maxTraits  = 512
	maxMember  = 512
)

// provider finds the provider that a command is about.
func provider(w *projections.World, id string) (view.Provider, error) {
	p, ok := w.Placement.Providers.Get(id)
	if !ok {
		return p, commands.Refuse(commands.NotFound, "No resource provider with uuid %s found", id)
	}
	return p, nil
}

// fresh refuses what is asked of a provider that has changed meanwhile.
func fresh(p *view.Provider, generation *int) error {
	if generation != nil && *generation != p.Generation {
		return commands.RefuseAs(commands.Conflict, stale, "Resource provider's generation already changed. Please update the generation and try again.")
	}
	return nil
}

// CreateProvider adds a provider unless its id or name is taken.
func CreateProvider(w *projections.World, c cmd.CreateProvider) ([]events.Event, error) {
	if w.Placement.Providers.Has(c.ID) {
		return nil, commands.RefuseAs(commands.Conflict, duplicate, "Conflicting resource provider uuid: %s already exists.", c.ID)
	}
	if _, taken := w.Placement.Providers.Named(c.Name); taken {
		return nil, commands.RefuseAs(commands.Conflict, duplicate, "Conflicting resource provider name: %s already exists.", c.Name)
	}
	if err := mayStandBelow(w, c.ParentID, 1); err != nil {
		return nil, err
	}
	return events.List(evt.ProviderCreated{ID: c.ID, Name: c.Name, ParentID: c.ParentID}), nil
}

// mayStandBelow refuses a parent that isn't there, or has too many in its tree.
func mayStandBelow(w *projections.World, parent string, more int) error {
	if parent == "" {
		return nil
	}
	p, ok := w.Placement.Providers.Get(parent)
	if !ok {
		return commands.Refuse(commands.Invalid, "Unable to save resource provider: parent provider UUID %s does not exist.", parent)
	}
	for range w.Placement.Providers.In(p.RootID, "") {
		if more++; more > maxTree {
			return commands.Refuse(commands.OverLimit, "A tree of resource providers may have %d at most.", maxTree)
		}
	}
	return nil
}

// ChangeProvider renames a provider, and puts it where it shall stand. A compute
// host's provider is called as the host is.
func ChangeProvider(w *projections.World, c cmd.ChangeProvider) ([]events.Event, error) {
	p, err := provider(w, c.ID)
	if err != nil {
		return nil, err
	}
	var facts []events.Event
	if c.Name != p.Name {
		if p.Host != "" {
			return nil, commands.Refuse(commands.Conflict, "Resource provider %s stands for compute host %s and is called as that is.", p.ID, p.Host)
		}
		if _, taken := w.Placement.Providers.Named(c.Name); taken {
			return nil, commands.RefuseAs(commands.Conflict, duplicate, "Conflicting resource provider %s already exists.", c.Name)
		}
		facts = append(facts, evt.ProviderRenamed{ID: c.ID, Name: c.Name})
	}
	if !c.Parented || c.ParentID == p.ParentID {
		return facts, nil
	}
	if err := mayMove(w, &p, c); err != nil {
		return nil, err
	}
	return append(facts, evt.ProviderMoved{ID: c.ID, ParentID: c.ParentID}), nil
}

func mayMove(w *projections.World, p *view.Provider, c cmd.ChangeProvider) error {
	if p.ParentID != "" && !c.Again {
		return commands.Refuse(commands.Invalid, "Unable to save resource provider %s: re-parenting a provider is not currently allowed.", p.ID)
	}
	if c.ParentID == "" {
		return nil
	}
	if w.Placement.Providers.Below(c.ParentID, p.ID) {
		return commands.Refuse(commands.Invalid, "Unable to save resource provider %s: creating loop in the provider tree is not allowed.", p.ID)
	}
	return mayStandBelow(w, c.ParentID, w.Placement.Providers.Size(p.ID))
}

// DeleteProvider removes a provider that nothing stands below and nobody has
// anything of. Compute hosts stay: their provider is gone when they are.
func DeleteProvider(w *projections.World, c cmd.DeleteProvider) ([]events.Event, error) {
	p, ok := w.Placement.Providers.Get(c.ID)
	if !ok {
		return nil, commands.Refuse(commands.NotFound, "No resource provider with uuid %s found for delete", c.ID)
	}
	if w.Placement.Providers.HasChildren(c.ID) {
		return nil, commands.RefuseAs(commands.Conflict, hasBelow, "Unable to delete parent resource provider %s: It has child resource providers.", c.ID)
	}
	if p.Host != "" {
		return nil, commands.RefuseAs(commands.Conflict, inUse, "Unable to delete resource provider %s: it stands for compute host %s.", c.ID, p.Host)
	}
	for range w.Placement.Allocations.OfProvider(c.ID) {
		return nil, commands.RefuseAs(commands.Conflict, inUse, "Unable to delete resource provider %s: Resource provider has allocations.", c.ID)
	}
	return events.List(evt.ProviderDeleted{ID: c.ID}), nil
}

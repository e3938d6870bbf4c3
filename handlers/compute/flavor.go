package compute

import (
	"maps"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// CreateFlavor offers a flavor unless its id or its name is taken.
func CreateFlavor(w *projections.World, c cmd.CreateFlavor) ([]events.Event, error) {
	if w.Compute.Flavors.Has(c.ID) {
		return nil, commands.Refuse(commands.Conflict, "Flavor with ID %s already exists.", c.ID)
	}
	if _, taken := w.Compute.Flavors.Named(c.Name); taken {
		return nil, commands.Refuse(commands.Conflict, "Flavor with name %s already exists.", c.Name)
	}
	return events.List(evt.FlavorCreated(c)), nil
}

func flavorMissing(id string) error {
	return commands.Refuse(commands.NotFound, "Flavor %s could not be found.", id)
}

// DescribeFlavor gives a flavor another description.
func DescribeFlavor(w *projections.World, c cmd.DescribeFlavor) ([]events.Event, error) {
	switch f, ok := w.Compute.Flavors.Get(c.ID); {
	case !ok:
		return nil, flavorMissing(c.ID)
	case f.Description == c.Description:
		return nil, nil
	}
	return events.List(evt.FlavorDescribed(c)), nil
}

// maxSpecs is how many extra specs a flavor may have; Nova's own limit is its
// metadata quota.
const maxSpecs = 128

// ChangeFlavorSpecs puts and deletes extra specs. To delete what isn't there is refused.
func ChangeFlavorSpecs(w *projections.World, c cmd.ChangeFlavorSpecs) ([]events.Event, error) {
	f, ok := w.Compute.Flavors.Get(c.ID)
	if !ok {
		return nil, flavorMissing(c.ID)
	}
	specs := map[string]string{}
	maps.Copy(specs, f.ExtraSpecs)
	for _, key := range c.Delete {
		if _, there := specs[key]; !there {
			return nil, commands.Refuse(commands.NotFound, "Flavor %s has no extra specs with key %s.", c.ID, key)
		}
		delete(specs, key)
	}
	maps.Copy(specs, c.Put)
	if len(specs) > maxSpecs {
		return nil, commands.Refuse(commands.OverLimit, "A flavor may have no more than %d extra specs.", maxSpecs)
	}
	return events.List(evt.FlavorSpecsChanged{ID: c.ID, ExtraSpecs: specs}), nil
}

// GrantFlavor lets a project use a flavor that isn't public.
func GrantFlavor(w *projections.World, c cmd.GrantFlavor) ([]events.Event, error) {
	switch f, ok := w.Compute.Flavors.Get(c.ID); {
	case !ok:
		return nil, flavorMissing(c.ID)
	case f.Public:
		return nil, commands.Refuse(commands.Conflict, "Can not add access to a public flavor.")
	case w.Compute.Access.Has(view.Access{FlavorID: c.ID, ProjectID: c.ProjectID}):
		return nil, commands.Refuse(commands.Conflict, "Flavor access already exists for flavor %s and project %s combination.", c.ID, c.ProjectID)
	}
	return events.List(evt.FlavorAccessGranted(c)), nil
}

// RevokeFlavor takes a project's access back.
func RevokeFlavor(w *projections.World, c cmd.RevokeFlavor) ([]events.Event, error) {
	switch f, ok := w.Compute.Flavors.Get(c.ID); {
	case !ok:
		return nil, flavorMissing(c.ID)
	case f.Public:
		return nil, commands.Refuse(commands.Conflict, "Can not remove access from a public flavor.")
	case !w.Compute.Access.Has(view.Access{FlavorID: c.ID, ProjectID: c.ProjectID}):
		return nil, commands.Refuse(commands.NotFound, "Flavor access not found for %s / %s combination.", c.ID, c.ProjectID)
	}
	return events.List(evt.FlavorAccessRevoked(c)), nil
}

// DeleteFlavor ends the offer; servers keep the flavor they have.
func DeleteFlavor(w *projections.World, c cmd.DeleteFlavor) ([]events.Event, error) {
	if !w.Compute.Flavors.Has(c.ID) {
		return nil, flavorMissing(c.ID)
	}
	return events.List(evt.FlavorDeleted(c)), nil
}

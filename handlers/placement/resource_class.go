package placement

import (
	"slices"

	"skylog/commands"
	cmd "skylog/commands/placement"
	"skylog/events"
	evt "skylog/events/placement"
	"skylog/projections"
	view "skylog/projections/placement"
)

// CreateResourceClass makes a class of resources.
func CreateResourceClass(w *projections.World, c cmd.CreateResourceClass) ([]events.Event, error) {
	switch has := w.Placement.HasClass(c.Name); {
	case has && c.Lenient:
		return nil, nil
	case has:
		return nil, commands.Refuse(commands.Conflict, "Conflicting resource class already exists: %s", c.Name)
	case w.Placement.ResourceClasses.Len() >= maxNames:
		return nil, commands.Refuse(commands.OverLimit, "There may be %d custom resource classes at most.", maxNames)
	}
	return events.List(evt.ResourceClassCreated{Name: c.Name}), nil
}

// RenameResourceClass gives a class another name while nobody has any of it.
func RenameResourceClass(w *projections.World, c cmd.RenameResourceClass) ([]events.Event, error) {
	if err := own(w, c.Name, "Cannot update standard resource class %s"); err != nil {
		return nil, err
	}
	switch {
	case c.Name == c.To:
		return nil, nil
	case w.Placement.HasClass(c.To):
		return nil, commands.Refuse(commands.Conflict, "Resource class already exists: %s", c.To)
	case w.Placement.Providers.HasClass(c.Name):
		return nil, commands.Refuse(commands.Conflict, "Resource class %s can't be renamed: resource providers have inventories of it.", c.Name)
	}
	return events.List(evt.ResourceClassRenamed(c)), nil
}

// own refuses classes that aren't there or that every cloud has.
func own(w *projections.World, name, standard string) error {
	switch {
	case slices.Contains(view.StandardClasses, name):
		return commands.Refuse(commands.Invalid, standard, name)
	case !w.Placement.ResourceClasses.Has(name):
		return commands.Refuse(commands.NotFound, "No such resource class %s.", name)
	}
	return nil
}

// DeleteResourceClass removes a class that no provider has.
func DeleteResourceClass(w *projections.World, c cmd.DeleteResourceClass) ([]events.Event, error) {
	if err := own(w, c.Name, "Error in delete resource class: Cannot delete standard resource class %s."); err != nil {
		return nil, err
	}
	if w.Placement.Providers.HasClass(c.Name) {
		return nil, commands.Refuse(commands.Conflict, "Error in delete resource class: Cannot delete resource class %s. Class is in use in inventory.", c.Name)
	}
	return events.List(evt.ResourceClassDeleted(c)), nil
}

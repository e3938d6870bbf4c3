package image

import (
	"slices"

	"skylog/commands"
	cmd "skylog/commands/image"
	"skylog/events"
	evt "skylog/events/image"
	"skylog/projections"
	view "skylog/projections/image"
)

// DropFromStore forgets the bytes of one store, never the last ones.
func DropFromStore(w *projections.World, c cmd.DropFromStore) ([]events.Event, error) {
	i, err := find(w, c.ID)
	switch {
	case err != nil:
		return nil, err
	case i.Status != view.Active:
		return nil, commands.Refuse(commands.Conflict, "It's not allowed to remove image data from store if image status is not 'active'")
	case i.Task != "": // which may be reading them
		return nil, commands.Refuse(commands.Conflict, "Image has active task")
	case !slices.Contains(i.Stores, c.Store):
		return nil, commands.Refuse(commands.NotFound, "Image %s is not stored in store %s.", c.ID, c.Store)
	case len(i.Stores) == 1:
		return nil, commands.Refuse(commands.Forbidden,
			"Cannot delete image data from the only store containing it. Consider deleting the image instead.")
	}
	return events.List(evt.ImageStoreDropped(c)), nil
}

package compute

import (
	"slices"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
)

// maxTags is how many tags a server may have (nova/objects/instance.py, MAX_TAG_COUNT).
const maxTags = 50

// TagServer changes a server's tags.
func TagServer(w *projections.World, c cmd.TagServer) ([]events.Event, error) {
	s, ok := w.Compute.Servers.Get(c.ID)
	if !ok {
		return nil, serverMissing(c.ID)
	}
	tags := c.Tags
	switch {
	case c.Add != "" && slices.Contains(s.Tags, c.Add):
		return nil, nil
	case c.Add != "":
		tags = append(slices.Clone(s.Tags), c.Add)
	case c.Remove != "" && !slices.Contains(s.Tags, c.Remove):
		return nil, commands.Refuse(commands.NotFound, "Instance %s has no tag '%s'", c.ID, c.Remove)
	case c.Remove != "":
		tags = slices.DeleteFunc(slices.Clone(s.Tags), func(t string) bool { return t == c.Remove })
	}
	if len(tags) > maxTags {
		return nil, commands.Refuse(commands.Invalid, "The number of tags exceeded the per-server limit %d", maxTags)
	}
	tags = slices.Clone(tags)
	slices.Sort(tags)
	return events.List(evt.ServerTagged{ID: c.ID, Tags: slices.Compact(tags)}), nil
}

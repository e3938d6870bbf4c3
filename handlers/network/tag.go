package network

import (
	"slices"

	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections"
)

// maxTags is how many tags a thing may bear. Neutron has no limit.
const maxTags = 50

// ChangeTags changes the tags of a thing.
func ChangeTags(w *projections.World, c cmd.ChangeTags) ([]events.Event, error) {
	kind := evt.Kind(c.Kind)
	s, ok := w.Network.StandardOf(kind, c.ID)
	if !ok {
		return nil, commands.RefuseAs(commands.NotFound, "TagResourceNotFound", "Resource %s %s could not be found.", c.Kind, c.ID)
	}
	if err := current(c.Revision, s); err != nil {
		return nil, err
	}
	tags := slices.Clone(s.Tags)
	if c.All != nil {
		tags = slices.Clone(*c.All)
	}
	for _, t := range c.Remove {
		i := slices.Index(tags, t)
		if i < 0 {
			return nil, commands.RefuseAs(commands.NotFound, "TagNotFound", "Tag %s could not be found.", t)
		}
		tags = slices.Delete(tags, i, i+1)
	}
	tags = append(tags, c.Add...)
	slices.Sort(tags)
	tags = slices.Compact(tags)
	switch {
	case len(tags) > maxTags:
		return nil, invalid("a resource can have at most %d tags", maxTags)
	case slices.Equal(tags, s.Tags):
		return nil, nil
	}
	return events.List(evt.TagsReplaced{Kind: kind, ID: c.ID, Tags: tags}), nil
}

package identity

import (
	"slices"
	"strings"

	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

// maxTags is how many tags a project may have.
const maxTags = 80

// CreateProject makes a project in a domain, below a parent of the same domain if one is named.
func CreateProject(w *projections.World, c cmd.CreateProject) ([]events.Event, error) {
	if !w.Identity.Domains.Has(c.DomainID) {
		return nil, notFound("domain", c.DomainID)
	}
	if w.Identity.Projects.Has(c.ID) || w.Identity.Domains.Has(c.ID) {
		return nil, idTaken("project", c.ID)
	}
	if c.ParentID == c.DomainID {
		c.ParentID = ""
	}
	if c.ParentID != "" {
		if err := mayBeBelow(w, c.DomainID, c.ParentID); err != nil {
			return nil, err
		}
	}
	if err := projectNameFree(w, c.ID, c.DomainID, c.Name); err != nil {
		return nil, err
	}
	tags, err := tidyTags(c.Tags)
	if err != nil {
		return nil, err
	}
	extra, err := merged("", c.Extra)
	if err != nil {
		return nil, err
	}
	c.Tags, c.Extra = tags, extra
	return events.List(evt.ProjectCreated(c)), nil
}

func mayBeBelow(w *projections.World, domainID, parentID string) error {
	parent, ok := w.Identity.Projects.Get(parentID)
	if !ok {
		return notFound("project", parentID)
	}
	above := append([]view.Project{parent}, w.Identity.Projects.Ancestors(parent)...)
	switch {
	case parent.DomainID != domainID:
		return commands.Refuse(commands.Invalid, "Project %s is of another domain than %s, it can't be the parent.", parentID, domainID)
	case len(above) >= view.MaxDepth:
		return commands.Refuse(commands.Forbidden, "Projects may stand at most %d deep: none may be below %s.", view.MaxDepth, parentID)
	case slices.ContainsFunc(above, func(p view.Project) bool { return !p.Enabled }):
		return commands.Refuse(commands.Forbidden, "Cannot create a project below one that is disabled: %s.", parentID)
	}
	return nil
}

func projectNameFree(w *projections.World, id, domainID, name string) error {
	if p, ok := w.Identity.Projects.Named(domainID, name); ok && p.ID != id {
		return commands.Refuse(commands.Conflict,
			"Conflict occurred attempting to store project - it is not permitted to have two projects with the same name in the same domain: %s.", name)
	}
	return nil
}

// tidyTags sorts tags and leaves repeated ones out, so that equal sets are equal lists.
func tidyTags(tags []string) ([]string, error) {
	if len(tags) > maxTags {
		return nil, commands.Refuse(commands.Invalid, "A project may have %d tags.", maxTags)
	}
	for _, t := range tags {
		if t == "" || len(t) > 255 || strings.ContainsAny(t, "/,") {
			return nil, commands.Refuse(commands.Invalid, "A tag has 1 to 255 characters, none of them a slash or a comma.")
		}
	}
	tidy := slices.Clone(tags)
	slices.Sort(tidy)
	return slices.Compact(tidy), nil
}

// ChangeProject renames, describes, tags, enables or disables a project.
func ChangeProject(w *projections.World, c cmd.ChangeProject) ([]events.Event, error) {
	p, ok := w.Identity.Projects.Get(c.ID)
	if !ok {
		return nil, notFound("project", c.ID)
	}
	extra, err := merged(p.Extra, c.Extra)
	if err != nil {
		return nil, err
	}
	is := evt.ProjectDescribed{ID: c.ID, Name: or(c.Name, p.Name), Description: or(c.Description, p.Description),
		Immutable: or(c.Immutable, p.Immutable), Extra: extra}
	if p.Immutable && is.Immutable {
		return nil, immutable("project", c.ID)
	}
	if err := projectNameFree(w, c.ID, p.DomainID, is.Name); err != nil {
		return nil, err
	}
	var facts []events.Event
	if is != (evt.ProjectDescribed{ID: p.ID, Name: p.Name, Description: p.Description, Immutable: p.Immutable, Extra: p.Extra}) {
		facts = append(facts, is)
	}
	tags, err := tidyTags(or(c.Tags, p.Tags))
	if err != nil {
		return nil, err
	}
	if !slices.Equal(tags, p.Tags) {
		facts = append(facts, evt.ProjectTagged{ID: c.ID, Tags: tags})
	}
	onOff, err := switchProject(w, p, or(c.Enabled, p.Enabled))
	return append(facts, onOff...), err
}

// switchProject keeps a tree whole: nothing enabled stands below something disabled.
func switchProject(w *projections.World, p view.Project, enabled bool) ([]events.Event, error) {
	switch {
	case enabled == p.Enabled:
		return nil, nil
	case enabled:
		if slices.ContainsFunc(w.Identity.Projects.Ancestors(p), func(a view.Project) bool { return !a.Enabled }) {
			return nil, commands.Refuse(commands.Forbidden, "Cannot enable project %s since it has disabled parents.", p.ID)
		}
		return events.List(evt.ProjectEnabled{ID: p.ID}), nil
	}
	for _, child := range w.Identity.Projects.Children(p.ID) {
		if child.Enabled {
			return nil, commands.Refuse(commands.Forbidden, "Cannot disable project %s since its subtree contains enabled projects.", p.ID)
		}
	}
	return events.List(evt.ProjectDisabled{ID: p.ID}), nil
}

// TagProject adds a tag; one that is there already stays.
func TagProject(w *projections.World, c cmd.TagProject) ([]events.Event, error) {
	p, ok := w.Identity.Projects.Get(c.ID)
	if !ok {
		return nil, notFound("project", c.ID)
	}
	tags := append(slices.Clone(p.Tags), c.Tag)
	return ChangeProject(w, cmd.ChangeProject{ID: c.ID, Tags: &tags})
}

// UntagProject takes a tag away.
func UntagProject(w *projections.World, c cmd.UntagProject) ([]events.Event, error) {
	p, ok := w.Identity.Projects.Get(c.ID)
	if !ok {
		return nil, notFound("project", c.ID)
	}
	if !slices.Contains(p.Tags, c.Tag) {
		return nil, notFound("project tag", c.Tag)
	}
	tags := slices.DeleteFunc(slices.Clone(p.Tags), func(t string) bool { return t == c.Tag })
	return ChangeProject(w, cmd.ChangeProject{ID: c.ID, Tags: &tags})
}

// DeleteProject deletes a project, unless others stand below it.
func DeleteProject(w *projections.World, c cmd.DeleteProject) ([]events.Event, error) {
	p, ok := w.Identity.Projects.Get(c.ID)
	switch {
	case !ok:
		return nil, notFound("project", c.ID)
	case p.Immutable:
		return nil, immutable("project", c.ID)
	}
	for range w.Identity.Projects.Children(c.ID) {
		return nil, commands.Refuse(commands.Forbidden, "Cannot delete the project %s since it is not a leaf in the hierarchy.", c.ID)
	}
	return events.List(evt.ProjectDeleted(c)), nil
}

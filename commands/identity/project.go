package identity

// CreateProject makes a project in a domain, below a parent if one is named.
type CreateProject struct {
	ID, DomainID, ParentID string
	Name, Description      string
	Enabled, Immutable     bool
	Tags                   []string
	Extra                  string
}

// ChangeProject renames, describes, enables, disables or tags a project.
type ChangeProject struct {
	ID                 string
	Name, Description  *string
	Enabled, Immutable *bool
	Tags               *[]string
	Extra              string
}

// TagProject adds one tag.
type TagProject struct{ ID, Tag string }

// UntagProject takes one tag away.
type UntagProject struct{ ID, Tag string }

// DeleteProject deletes a project that has none below it.
type DeleteProject struct{ ID string }

// CommandType is the wire name.
func (CreateProject) CommandType() string { return "identity.project.create" }

// CommandType is the wire name.
func (ChangeProject) CommandType() string { return "identity.project.change" }

// CommandType is the wire name.
func (TagProject) CommandType() string { return "identity.project.tag" }

// CommandType is the wire name.
func (UntagProject) CommandType() string { return "identity.project.untag" }

// CommandType is the wire name.
func (DeleteProject) CommandType() string { return "identity.project.delete" }

package image

// CreateImage puts an image on record, to which bytes may be uploaded.
type CreateImage struct {
	ID, OwnerID, Name           string
	DiskFormat, ContainerFormat string
	Visibility                  string
	Protected, Hidden           bool
	MinDiskGiB, MinRAMMiB       int
	Tags                        []string
	Properties                  map[string]string
}

// ChangeImage changes what is set here and leaves the rest.
type ChangeImage struct {
	ID                          string
	Name, Visibility, OwnerID   *string
	DiskFormat, ContainerFormat *string
	Protected, Hidden           *bool
	MinDiskGiB, MinRAMMiB       *int
	Tags                        *[]string
	Set                         map[string]string // own properties
	Remove                      []string          // own properties
	// Present and Absent are the own properties that must or mustn't be there
	// before, or nothing is changed.
	Present, Absent []string
}

// TagImage adds a tag; an image that bears it already stays as it is.
type TagImage struct{ ID, Tag string }

// UntagImage takes a tag off.
type UntagImage struct{ ID, Tag string }

// DeactivateImage keeps the image's bytes from everybody but administrators.
type DeactivateImage struct{ ID string }

// ReactivateImage gives the bytes free again.
type ReactivateImage struct{ ID string }

// DeleteImage ends an image. Machines that were booted from it go on.
type DeleteImage struct{ ID string }

// CommandType is the wire name.
func (CreateImage) CommandType() string { return "image.image.create" }

// CommandType is the wire name.
func (ChangeImage) CommandType() string { return "image.image.change" }

// CommandType is the wire name.
func (TagImage) CommandType() string { return "image.image.tag" }

// CommandType is the wire name.
func (UntagImage) CommandType() string { return "image.image.untag" }

// CommandType is the wire name.
func (DeactivateImage) CommandType() string { return "image.image.deactivate" }

// CommandType is the wire name.
func (ReactivateImage) CommandType() string { return "image.image.reactivate" }

// CommandType is the wire name.
func (DeleteImage) CommandType() string { return "image.image.delete" }

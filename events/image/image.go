package image

// ImageCreated says that an image is on record, yet without bytes.
type ImageCreated struct {
	ID, OwnerID, Name           string
	DiskFormat, ContainerFormat string
	Visibility                  string
	Protected, Hidden           bool
	MinDiskGiB, MinRAMMiB       int
	Tags                        []string
	Properties                  map[string]string
}

// ImageRenamed says that the image has another name; empty: none.
type ImageRenamed struct{ ID, Name string }

// ImageFormatsChosen says in which formats the bytes will be.
type ImageFormatsChosen struct{ ID, DiskFormat, ContainerFormat string }

// ImageRequirementsChanged says what a machine needs to boot the image.
type ImageRequirementsChanged struct {
	ID                    string
	MinDiskGiB, MinRAMMiB int
}

// ImageVisibilityChanged says who may see the image from now on.
type ImageVisibilityChanged struct{ ID, Visibility string }

// ImageProtectionChanged says whether the image may be deleted.
type ImageProtectionChanged struct {
	ID        string
	Protected bool
}

// ImageHidingChanged says whether lists leave the image out.
type ImageHidingChanged struct {
	ID     string
	Hidden bool
}

// ImageOwnerChanged says that the image belongs to another project.
type ImageOwnerChanged struct{ ID, OwnerID string }

// ImageTagged says that the image bears a tag.
type ImageTagged struct{ ID, Tag string }

// ImageUntagged says that the image no longer bears a tag.
type ImageUntagged struct{ ID, Tag string }

// ImagePropertiesChanged says which of the owner's own properties have new
// values, and which are gone.
type ImagePropertiesChanged struct {
	ID      string
	Set     map[string]string
	Removed []string
}

// ImageDeactivated says that nobody but an administrator gets the bytes.
type ImageDeactivated struct{ ID string }

// ImageReactivated says that the bytes may be had again.
type ImageReactivated struct{ ID string }

// ImageDeleted says that the image is gone; its bytes may go after this.
type ImageDeleted struct {
	ID string
	// Blob is under which name it has its bytes, in Stores, and Staged under which
	// name bytes wait for an import.
	Blob   string   `json:",omitempty"`
	Stores []string `json:",omitempty"`
	Staged string   `json:",omitempty"`
}

// EventType is the wire name.
func (ImageCreated) EventType() string { return "image.image.created" }

// EventType is the wire name.
func (ImageRenamed) EventType() string { return "image.image.renamed" }

// EventType is the wire name.
func (ImageFormatsChosen) EventType() string { return "image.image.formats_chosen" }

// EventType is the wire name.
func (ImageRequirementsChanged) EventType() string { return "image.image.requirements_changed" }

// EventType is the wire name.
func (ImageVisibilityChanged) EventType() string { return "image.image.visibility_changed" }

// EventType is the wire name.
func (ImageProtectionChanged) EventType() string { return "image.image.protection_changed" }

// EventType is the wire name.
func (ImageHidingChanged) EventType() string { return "image.image.hiding_changed" }

// EventType is the wire name.
func (ImageOwnerChanged) EventType() string { return "image.image.owner_changed" }

// EventType is the wire name.
func (ImageTagged) EventType() string { return "image.image.tagged" }

// EventType is the wire name.
func (ImageUntagged) EventType() string { return "image.image.untagged" }

// EventType is the wire name.
func (ImagePropertiesChanged) EventType() string { return "image.image.properties_changed" }

// EventType is the wire name.
func (ImageDeactivated) EventType() string { return "image.image.deactivated" }

// EventType is the wire name.
func (ImageReactivated) EventType() string { return "image.image.reactivated" }

// EventType is the wire name.
func (ImageDeleted) EventType() string { return "image.image.deleted" }

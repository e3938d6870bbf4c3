package image

// ImageMemberAdded says that an image is offered to a project.
type ImageMemberAdded struct{ ImageID, MemberID string }

// ImageMemberAnswered says how the project took the offer: pending, accepted
// or rejected. Rejecting keeps the image out of its lists, nothing more.
type ImageMemberAnswered struct{ ImageID, MemberID, Status string }

// ImageMemberRemoved says that the image is no longer shared with the project.
type ImageMemberRemoved struct{ ImageID, MemberID string }

// EventType is the wire name.
func (ImageMemberAdded) EventType() string { return "image.member.added" }

// EventType is the wire name.
func (ImageMemberAnswered) EventType() string { return "image.member.answered" }

// EventType is the wire name.
func (ImageMemberRemoved) EventType() string { return "image.member.removed" }

package image

// AddMember offers an image to a project.
type AddMember struct{ ImageID, MemberID string }

// AnswerMember is the project's answer to the offer.
type AnswerMember struct{ ImageID, MemberID, Status string }

// RemoveMember ends the sharing with a project.
type RemoveMember struct{ ImageID, MemberID string }

// CommandType is the wire name.
func (AddMember) CommandType() string { return "image.member.add" }

// CommandType is the wire name.
func (AnswerMember) CommandType() string { return "image.member.answer" }

// CommandType is the wire name.
func (RemoveMember) CommandType() string { return "image.member.remove" }

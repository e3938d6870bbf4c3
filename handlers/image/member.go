package image

import (
	"skylog/commands"
	cmd "skylog/commands/image"
	"skylog/events"
	evt "skylog/events/image"
	"skylog/projections"
	view "skylog/projections/image"
)

// shared returns the image if it can have members.
func shared(w *projections.World, id string) (view.Image, error) {
	i, err := find(w, id)
	if err == nil && i.Visibility != view.Shared {
		err = commands.Refuse(commands.Forbidden, "Only shared images have members.")
	}
	return i, err
}

// AddMember offers an image to a project.
func AddMember(w *projections.World, c cmd.AddMember) ([]events.Event, error) {
	_, err := shared(w, c.ImageID)
	switch members := &w.Image.Members; {
	case err != nil:
		return nil, err
	case members.Has(view.MemberID(c)):
		return nil, commands.Refuse(commands.Conflict, "Member %s is duplicated for image %s", c.MemberID, c.ImageID)
	case members.CountOf(c.ImageID) >= maxMembers:
		return nil, commands.Refuse(commands.OverLimit,
			"The limit has been exceeded on the number of allowed image members for this image. Attempted: %d, Maximum: %d", maxMembers+1, maxMembers)
	case members.OffersTo(c.MemberID) >= maxOffers:
		return nil, commands.Refuse(commands.OverLimit, "Project %s has %d images shared with it already.", c.MemberID, maxOffers)
	}
	return events.List(evt.ImageMemberAdded(c)), nil
}

// member returns the membership, if there is one.
func member(w *projections.World, imageID, memberID string) (view.Member, error) {
	if _, err := shared(w, imageID); err != nil {
		return view.Member{}, err
	}
	m, ok := w.Image.Members.Get(view.MemberID{ImageID: imageID, MemberID: memberID})
	if !ok {
		return m, commands.Refuse(commands.NotFound, "%s not found in the member list of the image %s.", memberID, imageID)
	}
	return m, nil
}

// AnswerMember takes the project's answer.
func AnswerMember(w *projections.World, c cmd.AnswerMember) ([]events.Event, error) {
	m, err := member(w, c.ImageID, c.MemberID)
	switch {
	case err != nil:
		return nil, err
	case c.Status != view.Pending && c.Status != view.Accepted && c.Status != view.Rejected:
		return nil, commands.Refuse(commands.Invalid, `Incorrect request: Status must be "pending", "accepted" or "rejected".`)
	case c.Status == m.Status:
		return nil, nil
	}
	return events.List(evt.ImageMemberAnswered(c)), nil
}

// RemoveMember ends the sharing with a project.
func RemoveMember(w *projections.World, c cmd.RemoveMember) ([]events.Event, error) {
	if _, err := member(w, c.ImageID, c.MemberID); err != nil {
		return nil, err
	}
	return events.List(evt.ImageMemberRemoved(c)), nil
}

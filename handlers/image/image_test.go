package image

import (
	"fmt"
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/image"
	evt "skylog/events/image"
	"skylog/handlers/given"
	view "skylog/projections/image"
)

var (
	cirros  = evt.ImageCreated{ID: "i1", OwnerID: "p", Name: "cirros", DiskFormat: "qcow2", ContainerFormat: "bare", Visibility: "shared"}
	due     = time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)
	started = evt.ImageUploadStarted{ID: "i1", Upload: "u1", Due: due}
	done    = evt.ImageUploaded{ID: "i1", Upload: "u1", SizeBytes: 5, MD5: "m", SHA512: "s", Format: "qcow2"}
)

func with(e evt.ImageCreated, change func(*evt.ImageCreated)) evt.ImageCreated {
	change(&e)
	return e
}

func ptr[T any](v T) *T { return &v }

func TestImage(t *testing.T) {
	var many given.Events
	for i := range view.MaxImages {
		many = append(many, evt.ImageCreated{ID: fmt.Sprint(i), OwnerID: "p", Visibility: "shared"})
	}
	properties := map[string]string{}
	for i := range maxProperties {
		properties[fmt.Sprint(i)] = "x"
	}
	full := with(cirros, func(e *evt.ImageCreated) { e.Properties = properties })
	given.Run(t, Register, []given.Case{
		{Name: "a new image is put on record", When: cmd.CreateImage(cirros), Then: given.Events{cirros}},
		{Name: "a taken id is refused", Given: given.Events{cirros}, When: cmd.CreateImage(cirros), Refused: commands.Conflict},
		{Name: "one image more than a project may own is refused", Given: many, When: cmd.CreateImage(cirros), Refused: commands.OverLimit},
		{Name: "only what differs happens", Given: given.Events{cirros},
			When: cmd.ChangeImage{ID: "i1", Name: ptr("cirros"), Protected: ptr(true)},
			Then: given.Events{evt.ImageProtectionChanged{ID: "i1", Protected: true}}},
		{Name: "properties are set and removed", Given: given.Events{with(cirros, func(e *evt.ImageCreated) { e.Properties = map[string]string{"a": "1", "b": "2"} })},
			When: cmd.ChangeImage{ID: "i1", Set: map[string]string{"a": "1", "c": "3"}, Remove: []string{"b"}, Present: []string{"b"}},
			Then: given.Events{evt.ImagePropertiesChanged{ID: "i1", Set: map[string]string{"c": "3"}, Removed: []string{"b"}}}},
		{Name: "a property that must be there and isn't refuses the change", Given: given.Events{cirros},
			When: cmd.ChangeImage{ID: "i1", Set: map[string]string{"a": "1"}, Present: []string{"a"}}, Refused: commands.Conflict},
		{Name: "a property that mustn't be there and is refuses the change", Given: given.Events{full},
			When: cmd.ChangeImage{ID: "i1", Set: map[string]string{"1": "1"}, Absent: []string{"1"}}, Refused: commands.Conflict},
		{Name: "one property more than allowed is refused", Given: given.Events{full},
			When: cmd.ChangeImage{ID: "i1", Set: map[string]string{"more": "1"}}, Refused: commands.OverLimit},
		{Name: "a property for another fits into a full image", Given: given.Events{full},
			When: cmd.ChangeImage{ID: "i1", Set: map[string]string{"more": "1"}, Remove: []string{"1"}},
			Then: given.Events{evt.ImagePropertiesChanged{ID: "i1", Set: map[string]string{"more": "1"}, Removed: []string{"1"}}}},
		{Name: "the format of bytes that were checked can't be renamed", Given: given.Events{cirros, started, done},
			When: cmd.ChangeImage{ID: "i1", DiskFormat: ptr("raw")}, Refused: commands.Forbidden},
		{Name: "a protected image can't be deleted", Given: given.Events{with(cirros, func(e *evt.ImageCreated) { e.Protected = true })},
			When: cmd.DeleteImage{ID: "i1"}, Refused: commands.Forbidden},
		{Name: "an image is deleted", Given: given.Events{cirros}, When: cmd.DeleteImage{ID: "i1"}, Then: given.Events{evt.ImageDeleted{ID: "i1"}}},
		{Name: "what isn't there can't be deleted", When: cmd.DeleteImage{ID: "i1"}, Refused: commands.NotFound},
		{Name: "a queued image can't be deactivated", Given: given.Events{cirros}, When: cmd.DeactivateImage{ID: "i1"}, Refused: commands.Forbidden},
		{Name: "an active image is deactivated", Given: given.Events{cirros, started, done},
			When: cmd.DeactivateImage{ID: "i1"}, Then: given.Events{evt.ImageDeactivated{ID: "i1"}}},
		{Name: "a tag that is there already is no event", Given: given.Events{cirros, evt.ImageTagged{ID: "i1", Tag: "a"}}, When: cmd.TagImage{ID: "i1", Tag: "a"}},
		{Name: "a tag that isn't there can't be taken off", Given: given.Events{cirros}, When: cmd.UntagImage{ID: "i1", Tag: "a"}, Refused: commands.NotFound},
		{Name: "new tags take the place of the old", Given: given.Events{cirros, evt.ImageTagged{ID: "i1", Tag: "a"}, evt.ImageTagged{ID: "i1", Tag: "b"}},
			When: cmd.ChangeImage{ID: "i1", Tags: ptr([]string{"c", "b", "c"})},
			Then: given.Events{evt.ImageUntagged{ID: "i1", Tag: "a"}, evt.ImageTagged{ID: "i1", Tag: "c"}}},
	})
}

func TestUpload(t *testing.T) {
	finish := cmd.FinishUpload{ID: "i1", Upload: "u1", SizeBytes: 5, MD5: "m", SHA512: "s", Format: "qcow2", ProjectBytes: 10}
	pass := cmd.PassDeadline{Kind: view.UploadDeadline, ID: "i1", Due: due}
	failed := evt.ImageUploadFailed{ID: "i1", Upload: "u1", Reason: "nothing was heard of the upload in time"}
	given.Run(t, Register, []given.Case{
		{Name: "a queued image takes bytes", Given: given.Events{cirros}, When: cmd.StartUpload(started), Then: given.Events{started}},
		{Name: "a second upload at the same time is refused", Given: given.Events{cirros, started},
			When: cmd.StartUpload{ID: "i1", Upload: "u2"}, Refused: commands.Conflict},
		{Name: "an image that has bytes takes no others", Given: given.Events{cirros, started, done},
			When: cmd.StartUpload{ID: "i1", Upload: "u2"}, Refused: commands.Conflict},
		{Name: "an image without formats takes no bytes", Given: given.Events{evt.ImageCreated{ID: "i1", Visibility: "shared"}},
			When: cmd.StartUpload(started), Refused: commands.Invalid},
		{Name: "an upload makes the image active", Given: given.Events{cirros, started}, When: finish, Then: given.Events{done}},
		{Name: "an upload that was given up can't finish", Given: given.Events{cirros, started, failed}, When: finish, Refused: commands.NotFound},
		{Name: "an older upload can't finish in a newer one's place",
			Given: given.Events{cirros, started, failed, evt.ImageUploadStarted{ID: "i1", Upload: "u2", Due: due}}, When: finish, Refused: commands.NotFound},
		{Name: "an upload to an image that was deleted meanwhile is refused", Given: given.Events{cirros, started, evt.ImageDeleted{ID: "i1"}},
			When: finish, Refused: commands.NotFound},
		{Name: "more bytes than a project may have are refused",
			Given: given.Events{evt.ImageCreated{ID: "i0", OwnerID: "p"}, evt.ImageUploaded{ID: "i0", Upload: "u0", SizeBytes: 6}, cirros, started},
			When:  finish, Refused: commands.OverLimit},
		{Name: "a failed upload may be repeated", Given: given.Events{cirros, started, failed},
			When: cmd.StartUpload{ID: "i1", Upload: "u2", Due: due}, Then: given.Events{evt.ImageUploadStarted{ID: "i1", Upload: "u2", Due: due}}},
		{Name: "a passed deadline fails the upload", Given: given.Events{cirros, started}, When: pass, Then: given.Events{failed}},
		{Name: "a deadline that was put off means nothing",
			Given: given.Events{cirros, started, evt.ImageUploadContinued{ID: "i1", Upload: "u1", Due: due.Add(time.Hour)}}, When: pass},
		{Name: "a deadline behind the end means nothing", Given: given.Events{cirros, started, done}, When: pass},
		{Name: "a failure of an older upload means nothing", Given: given.Events{cirros, started}, When: cmd.FailUpload{ID: "i1", Upload: "u0"}},
	})
}

func TestMember(t *testing.T) {
	added := evt.ImageMemberAdded{ImageID: "i1", MemberID: "q"}
	given.Run(t, Register, []given.Case{
		{Name: "an image is offered to a project", Given: given.Events{cirros}, When: cmd.AddMember(added), Then: given.Events{added}},
		{Name: "a private image has no members", Given: given.Events{cirros, evt.ImageVisibilityChanged{ID: "i1", Visibility: "private"}},
			When: cmd.AddMember(added), Refused: commands.Forbidden},
		{Name: "a project is a member once", Given: given.Events{cirros, added}, When: cmd.AddMember(added), Refused: commands.Conflict},
		{Name: "a member accepts", Given: given.Events{cirros, added}, When: cmd.AnswerMember{ImageID: "i1", MemberID: "q", Status: "accepted"},
			Then: given.Events{evt.ImageMemberAnswered{ImageID: "i1", MemberID: "q", Status: "accepted"}}},
		{Name: "a member can't answer just anything", Given: given.Events{cirros, added},
			When: cmd.AnswerMember{ImageID: "i1", MemberID: "q", Status: "maybe"}, Refused: commands.Invalid},
		{Name: "who isn't a member can't be removed", Given: given.Events{cirros}, When: cmd.RemoveMember{ImageID: "i1", MemberID: "q"}, Refused: commands.NotFound},
		{Name: "a deleted image has no members left when its id comes again",
			Given: given.Events{cirros, added, evt.ImageDeleted{ID: "i1"}, cirros}, When: cmd.AddMember(added), Then: given.Events{added}},
	})
}

package image

import (
	"testing"

	"skylog/commands"
	cmd "skylog/commands/image"
	"skylog/events"
	identityevt "skylog/events/identity"
	"skylog/handlers/given"
)

func TestUnifiedLimitsBoundImages(t *testing.T) {
	limited := func(resource string, most int) given.Events {
		return given.Events{identityevt.ServiceCreated{ID: "s", Type: "image"}, identityevt.RegisteredLimitCreated{ID: "r", ServiceID: "s", ResourceName: resource, Default: 0},
			identityevt.LimitCreated{ID: "l", ProjectID: "p", ServiceID: "s", ResourceName: resource, Limit: most}}
	}
	with := func(limit given.Events, more ...events.Event) given.Events { return append(limit, more...) }
	finish := cmd.FinishUpload{ID: "i1", Upload: "u1", SizeBytes: 3 << 20, ProjectBytes: 1 << 40}
	staging3 := cmd.FinishStaging{ID: "i1", Upload: "u1", SizeBytes: 3 << 20}
	given.Run(t, Register, []given.Case{
		{Name: "images are counted", Given: limited("image_count_total", 0), When: cmd.CreateImage(cirros), Refused: commands.OverLimit},
		{Name: "a project's own limit goes before the registered one", Given: limited("image_count_total", 1), When: cmd.CreateImage(cirros), Then: given.Events{cirros}},
		{Name: "less than zero is without bound", Given: limited("image_count_total", -1), When: cmd.CreateImage(cirros), Then: given.Events{cirros}},
		{Name: "others' limits say nothing", Given: with(limited("image_count_total", 0)[:2], identityevt.LimitCreated{ID: "l", ProjectID: "p", ServiceID: "s", ResourceName: "x"}),
			When: cmd.CreateImage(cirros), Refused: commands.OverLimit},
		{Name: "uploads are counted", Given: with(limited("image_count_uploading", 0), cirros), When: cmd.StartUpload(started), Refused: commands.OverLimit},
		{Name: "bytes are counted in MiB", Given: with(limited("image_size_total", 2), cirros, started), When: finish, Refused: commands.OverLimit},
		{Name: "staged bytes are counted in MiB", Given: with(limited("image_stage_total", 2), cirros, staging), When: staging3, Refused: commands.OverLimit},
	})
}

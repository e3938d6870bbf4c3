package compute

import (
	"testing"

	"skylog/commands"
	cmd "skylog/commands/compute"
	evt "skylog/events/compute"
	"skylog/handlers/given"
)

func TestRebuild(t *testing.T) {
	image := cmd.Image{ID: "i", Format: "qcow2", SHA512: "00", SizeBytes: 9, VirtualGiB: 1}
	ask := cmd.RebuildServer{ID: "s", Image: image, At: at}
	asked := evt.ServerRebuildRequested{ID: "s", Image: ofDisk, Disk: 1, By: at.Add(buildTime)}
	key, name, told := "k", "other", []byte{1}
	given.Run(t, Register, []given.Case{
		{Name: "it gets a new disk", Given: runs, When: ask, Then: given.Events{asked}},
		{Name: "each new disk has a number of its own", Given: after(runs, asked, evt.ServerRebuilt{ID: "s"}), When: ask,
			Then: given.Events{with(asked, func(e *evt.ServerRebuildRequested) { e.Disk = 2 })}},
		{Name: "what else is changed is changed first", Given: after(runs, evt.KeypairImported{UserID: "u", Name: "k", Type: "ssh", PublicKey: "key"}),
			When: with(ask, func(c *cmd.RebuildServer) { c.KeyName, c.KeyOwner, c.Update.Name = &key, "u", &name }),
			Then: given.Events{evt.ServerRenamed{ID: "s", Name: name}, evt.ServerKeyChanged{ID: "s", KeyName: "k", KeyType: "ssh", PublicKey: "key"}, asked}},
		{Name: "what the guest is told and finds is changed with it", Given: runs,
			When: with(ask, func(c *cmd.RebuildServer) { c.UserData, c.Files, c.Password = &told, []byte{2}, []byte{3} }),
			Then: given.Events{evt.ServerUserDataChanged{ID: "s", UserData: []byte{1}}, evt.ServerFilesChanged{ID: "s", Files: []byte{2}}, evt.ServerFirstPasswordChanged{ID: "s", Password: []byte{3}}, asked}},
		{Name: "another's key is refused", Given: runs, When: with(ask, func(c *cmd.RebuildServer) { c.KeyName, c.KeyOwner = &key, "u" }), Refused: commands.Invalid},
		{Name: "an image larger than the flavor's disk is refused", Given: runs, When: with(ask, func(c *cmd.RebuildServer) { c.Image.VirtualGiB = 21 }), Refused: commands.Invalid},
		{Name: "a paused server is refused", Given: after(runs, evt.ServerPauseRequested{ID: "s", By: at}, evt.ServerPaused{ID: "s"}), When: ask, Refused: commands.Conflict},
		{Name: "a locked server is refused", Given: after(runs, evt.ServerLocked{ID: "s", ByOwner: true}), When: ask, Refused: commands.Conflict},
		{Name: "it ends when the host runs the new disk", Origin: "host.b", Given: after(runs, asked), When: onHostB(7, cmd.Running), Then: given.Events{evt.ServerRebuilt{ID: "s"}}},
		{Name: "a report about the old disk counts for nothing", Origin: "host.b", Given: after(runs, asked), When: onHostB(5, cmd.Running)},
		{Name: "a stopped server is stopped afterwards, too", Origin: "host.b", Given: after(runs, evt.ServerStopped{ID: "s"}, asked), When: onHostB(8, cmd.Stopped), Then: given.Events{evt.ServerRebuilt{ID: "s"}}},
	})
}

func TestRescue(t *testing.T) {
	asked := evt.ServerRescueRequested{ID: "s", By: at.Add(buildTime)}
	rescued := after(runs, asked, evt.ServerRescued{ID: "s"})
	leave := evt.ServerUnrescueRequested{ID: "s", By: at.Add(actionTime)}
	given.Run(t, Register, []given.Case{
		{Name: "it runs from its own image where no other is named", Given: runs, When: cmd.RescueServer{ID: "s", At: at}, Then: given.Events{asked}},
		{Name: "its config drive tells a password", Given: runs, When: cmd.RescueServer{ID: "s", Password: []byte{3}, At: at},
			Then: given.Events{with(asked, func(e *evt.ServerRescueRequested) { e.Password = []byte{3} })}},
		{Name: "it runs from the image that is named", Given: runs, When: cmd.RescueServer{ID: "s", Image: &cmd.Image{ID: "i"}, At: at},
			Then: given.Events{with(asked, func(e *evt.ServerRescueRequested) { e.Image.ID = "i" })}},
		{Name: "a rescued server isn't rescued again", Given: rescued, When: cmd.RescueServer{ID: "s", At: at}, Refused: commands.Conflict},
		{Name: "it is rescued when the host runs it so", Origin: "host.b", Given: after(runs, asked), When: onHostB(7, cmd.Running), Then: given.Events{evt.ServerRescued{ID: "s"}}},
		{Name: "it may leave its rescue", Given: rescued, When: cmd.UnrescueServer{ID: "s", At: at}, Then: given.Events{leave}},
		{Name: "it has left when the host runs its own disk", Origin: "host.b", Given: after(rescued, leave), When: onHostB(9, cmd.Running), Then: given.Events{evt.ServerUnrescued{ID: "s"}}},
		{Name: "who isn't rescued can't leave", Given: runs, When: cmd.UnrescueServer{ID: "s", At: at}, Refused: commands.Conflict},
	})
}

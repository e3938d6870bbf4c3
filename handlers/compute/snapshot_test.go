package compute

import (
	"testing"

	"skylog/commands"
	cmd "skylog/commands/compute"
	evt "skylog/events/compute"
	imgevt "skylog/events/image"
	netevt "skylog/events/network"
	"skylog/handlers/given"
)

func TestSnapshot(t *testing.T) {
	queued := imgevt.ImageCreated{ID: "i", OwnerID: "p", Name: "shot", DiskFormat: "qcow2", ContainerFormat: "bare", Visibility: "private"}
	asked := evt.ServerSnapshotRequested{ID: "s", ImageID: "i", By: at.Add(captureTime)}
	backup := with(asked, func(e *evt.ServerSnapshotRequested) { e.Backup, e.Keep = "daily", 1 })
	older := with(queued, func(e *imgevt.ImageCreated) { e.ID = "old" })
	done := cmd.ReportServerCaptured{Host: "b", ID: "s", ImageID: "i"}
	kept := after(runs, older, with(backup, func(e *evt.ServerSnapshotRequested) { e.ImageID = "old" }), evt.ServerSnapshotTaken{ID: "s", ImageID: "old", Backups: []string{"old"}})
	given.Run(t, Register, []given.Case{
		{Name: "the host is asked for it", Given: after(runs, queued), When: cmd.SnapshotServer{ID: "s", ImageID: "i", At: at}, Then: given.Events{asked}},
		{Name: "without an image on record it is refused", Given: runs, When: cmd.SnapshotServer{ID: "s", ImageID: "i", At: at}, Refused: commands.Invalid},
		{Name: "one at a time", Given: after(runs, queued, asked), When: cmd.SnapshotServer{ID: "s", ImageID: "i", At: at}, Refused: commands.Conflict},
		{Name: "it is taken when the image has its bytes", Origin: "host.b", Given: after(runs, queued, asked, stored), When: done, Then: given.Events{evt.ServerSnapshotTaken{ID: "s", ImageID: "i"}}},
		{Name: "another host can't say so", Origin: "host.a", Given: after(runs, hostA, queued, asked, stored), When: with(done, func(c *cmd.ReportServerCaptured) { c.Host = "a" })},
		{Name: "an image without bytes isn't a snapshot", Origin: "host.b", Given: after(runs, queued, asked), When: done},
		{Name: "one that fails leaves no image, and the server as it is", Origin: "host.b", Given: after(runs, queued, asked), When: cmd.ReportServerFailed{Host: "b", ID: "s", Generation: 8, Reason: "disk"},
			Then: given.Events{imgevt.ImageDeleted{ID: "i"}, evt.ServerActionFailed{ID: "s", Message: "The host could not finish image_snapshot.", Details: "disk"}}},
		{Name: "the oldest backup that is too many goes", Origin: "host.b", Given: after(kept, queued, backup, stored), When: done,
			Then: given.Events{imgevt.ImageDeleted{ID: "old"}, evt.ServerSnapshotTaken{ID: "s", ImageID: "i", Backups: []string{"i"}}}},
		{Name: "backups of another kind stay", Origin: "host.b", Given: after(kept, queued, with(backup, func(e *evt.ServerSnapshotRequested) { e.Backup = "weekly" }), stored), When: done,
			Then: given.Events{evt.ServerSnapshotTaken{ID: "s", ImageID: "i", Backups: []string{"i"}}}},
		{Name: "of no backups the new one goes, too", Origin: "host.b", Given: after(runs, queued, with(backup, func(e *evt.ServerSnapshotRequested) { e.Keep = 0 }), stored), When: done,
			Then: given.Events{dropped, evt.ServerSnapshotTaken{ID: "s", ImageID: "i"}}},
	})
}

func TestShelve(t *testing.T) {
	queued := imgevt.ImageCreated{ID: "i", OwnerID: "p", Name: "web-shelved", DiskFormat: "qcow2", ContainerFormat: "bare", Visibility: "private"}
	port := netevt.PortCreated{ID: "port", ProjectID: "p", NetworkID: "n", Settings: netevt.PortSettings{DeviceID: "s", DeviceOwner: "compute:nova"}}
	base := given.Events{small, hostB, port, with(created, func(e *evt.ServerCreated) { e.PortIDs = []string{"port"} }), placed, netevt.PortBound{ID: "port", Host: "b"}, booted, queued}
	asked := evt.ServerShelveRequested{ID: "s", ImageID: "i", Offload: true, By: at.Add(captureTime)}
	shelved := evt.ServerShelved{ID: "s", Image: ofDisk}
	off := given.Events{evt.ServerLeft{ID: "s", Host: "b"}, netevt.PortUnbound{ID: "port"}, evt.ServerOffloaded{ID: "s"}}
	away := after(base, asked, stored, shelved, off[0], off[1], off[2])
	back := evt.ServerUnshelveRequested{ID: "s", Host: "b", Disk: 1, By: at.Add(buildTime)}
	up := netevt.PortWentUp{ID: "port", VIFType: vifType}
	given.Run(t, Register, []given.Case{
		{Name: "its disk becomes an image first", Given: base, When: cmd.ShelveServer{ID: "s", ImageID: "i", Offload: true, At: at}, Then: given.Events{asked}},
		{Name: "then it leaves its host, which removes it", Origin: "host.b", Given: after(base, asked, stored), When: cmd.ReportServerCaptured{Host: "b", ID: "s", ImageID: "i"},
			Then: append(given.Events{shelved}, off...)},
		{Name: "it may stay until somebody offloads it", Origin: "host.b", Given: after(base, with(asked, func(e *evt.ServerShelveRequested) { e.Offload = false }), stored),
			When: cmd.ReportServerCaptured{Host: "b", ID: "s", ImageID: "i"}, Then: given.Events{shelved}},
		{Name: "offloaded it leaves its host", Given: after(base, asked, stored, shelved), When: cmd.OffloadServer{ID: "s"}, Then: off},
		{Name: "it is taken up where there is room, on a new disk", Given: away, When: cmd.UnshelveServer{ID: "s", At: at}, Then: given.Events{back, netevt.PortBound{ID: "port", Host: "b"}}},
		{Name: "without room it stays away", Given: after(away, evt.HostLost{Name: "b"}), When: cmd.UnshelveServer{ID: "s", At: at}, Refused: commands.Invalid},
		{Name: "taken up, the image it was goes", Origin: "host.b", Given: after(away, back, netevt.PortBound{ID: "port", Host: "b"}), When: onHostB(15, cmd.Running),
			Then: given.Events{evt.ServerUnshelved{ID: "s"}, dropped, up}},
		{Name: "what can't be taken up stays away", Origin: "host.b", Given: after(away, back, netevt.PortBound{ID: "port", Host: "b"}), When: cmd.ReportServerFailed{Host: "b", ID: "s", Generation: 15, Reason: "disk"},
			Then: given.Events{off[0], off[1], evt.ServerActionFailed{ID: "s", Message: "The host could not finish unshelving.", Details: "disk"}}},
		{Name: "a running server has nothing to be taken up", Given: base, When: cmd.UnshelveServer{ID: "s", At: at}, Refused: commands.Conflict},
	})
}

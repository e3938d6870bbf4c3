package compute

import (
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

// RebuildServer gives a server a new disk. What else the owner changes on the way
// is as if it had been changed before.
func RebuildServer(w *projections.World, c cmd.RebuildServer) ([]events.Event, error) {
	s, err := act(w, c.ID, "rebuild", c.By, view.Active, view.Stopped, view.Errored)
	if err != nil {
		return nil, err
	}
	if err := bootable(&s.Flavor, &c.Image); err != nil {
		return nil, err
	}
	c.Update.ID = c.ID
	e, err := UpdateServer(w, c.Update)
	if err != nil {
		return nil, err
	}
	if c.Metadata != nil {
		changed, err := ChangeServerMetadata(w, cmd.ChangeServerMetadata{ID: c.ID, Put: *c.Metadata, Replace: true, By: c.By})
		if err != nil {
			return nil, err
		}
		e = append(e, changed...)
	}
	if c.KeyName != nil {
		changed := evt.ServerKeyChanged{ID: c.ID, KeyName: *c.KeyName}
		if k, ok := w.Compute.Keypairs.Get(view.KeypairID{UserID: c.KeyOwner, Name: *c.KeyName}); ok {
			changed.KeyType, changed.PublicKey = k.Type, k.PublicKey
		} else if *c.KeyName != "" {
			return nil, commands.Refuse(commands.Invalid, "Invalid key_name provided.")
		}
		e = append(e, changed)
	}
	if c.UserData != nil {
		e = append(e, evt.ServerUserDataChanged{ID: c.ID, UserData: *c.UserData})
	}
	if c.Files != nil {
		e = append(e, evt.ServerFilesChanged{ID: c.ID, Files: c.Files})
	}
	if c.Password != nil {
		e = append(e, evt.ServerFirstPasswordChanged{ID: c.ID, Password: c.Password})
	}
	return append(e, evt.ServerRebuildRequested{ID: c.ID, Image: useOf(&c.Image), Disk: s.Disk + 1, By: c.At.Add(buildTime)}), nil
}

func useOf(i *cmd.Image) evt.ImageUse {
	return evt.ImageUse{ID: i.ID, Format: i.Format, SHA512: i.SHA512, SizeBytes: i.SizeBytes, VirtualGiB: i.VirtualGiB, Guest: evt.Guest(i.Guest)}
}

// bootable says whether a server of this flavor may run from an image.
func bootable(f *evt.FlavorUse, i *cmd.Image) error {
	switch {
	case f.RAMMiB < i.MinRAMMiB:
		return commands.Refuse(commands.Invalid, "Flavor's memory is too small for requested image.")
	case f.DiskGiB > 0 && f.DiskGiB < max(i.MinDiskGiB, i.VirtualGiB):
		return commands.Refuse(commands.Invalid, "Flavor's disk is too small for requested image. Flavor disk is %d bytes, image is %d bytes.",
			f.DiskGiB<<30, max(i.MinDiskGiB, i.VirtualGiB)<<30)
	}
	return nil
}

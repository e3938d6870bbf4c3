package image

import (
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/image"
	"skylog/events"
	evt "skylog/events/image"
	"skylog/handlers/given"
	view "skylog/projections/image"
)

var (
	staging = evt.ImageStagingStarted{ID: "i1", Upload: "u1", Due: due}
	staged  = evt.ImageStaged{ID: "i1", Upload: "u1", SizeBytes: 7, Due: due}
	asked   = evt.ImportRequested{TaskID: "t1", ImageID: "i1", Method: "glance-direct", Project: "p", Stores: []string{"local"}, AllMustSucceed: true, Due: due}
	copying = evt.ImportRequested{TaskID: "t1", ImageID: "i1", Method: "copy-image", Project: "p", Stores: []string{"far"}, Due: due}
	brought = cmd.FinishImport{TaskID: "t1", Stores: []string{"local"}, SizeBytes: 7, MD5: "m", SHA512: "s", Format: "qcow2", ProjectBytes: 7}
	ended   = evt.ImageImported{TaskID: "t1", ImageID: "i1", Blob: "t1", Stores: []string{"local"}, SizeBytes: 7, MD5: "m", SHA512: "s", Format: "qcow2"}
)

func asks(c evt.ImportRequested, change func(*evt.ImportRequested)) cmd.RequestImport {
	if change != nil {
		change(&c)
	}
	return cmd.RequestImport(c)
}

func TestStaging(t *testing.T) {
	later := due.Add(time.Hour)
	given.Run(t, Register, []given.Case{
		{Name: "a queued image takes bytes for an import", Given: given.Events{cirros}, When: cmd.StageUpload(staging), Then: given.Events{staging}},
		{Name: "an image that has bytes stages none", Given: given.Events{cirros, started, done}, When: cmd.StageUpload(staging), Refused: commands.Conflict},
		{Name: "an image that stages takes no upload", Given: given.Events{cirros, staging}, When: cmd.StartUpload(started), Refused: commands.Conflict},
		{Name: "staging goes on as an upload does", Given: given.Events{cirros, staging}, When: cmd.ContinueUpload{ID: "i1", Upload: "u1", Due: later},
			Then: given.Events{evt.ImageUploadContinued{ID: "i1", Upload: "u1", Due: later}}},
		{Name: "all bytes are staged", Given: given.Events{cirros, staging}, When: cmd.FinishStaging(staged), Then: given.Events{staged}},
		{Name: "more staged bytes than a project may have are refused", Given: given.Events{cirros, staging},
			When: cmd.FinishStaging{ID: "i1", Upload: "u1", SizeBytes: view.MaxStaged + 1}, Refused: commands.OverLimit},
		{Name: "staged bytes don't become the image's without an import", Given: given.Events{cirros, staging},
			When: cmd.FinishUpload{ID: "i1", Upload: "u1", ProjectBytes: 100}, Refused: commands.NotFound},
		{Name: "staging that fails gives the image free", Given: given.Events{cirros, staging}, When: cmd.FailUpload{ID: "i1", Upload: "u1", Reason: "x"},
			Then: given.Events{evt.ImageUploadFailed{ID: "i1", Upload: "u1", Reason: "x"}}},
		{Name: "staged bytes that nobody imports are thrown away", Given: given.Events{cirros, staging, staged}, When: cmd.PassDeadline{Kind: "upload", ID: "i1", Due: due},
			Then: given.Events{evt.ImageUploadFailed{ID: "i1", Upload: "u1", Reason: "nobody imported the staged bytes in time"}}},
		{Name: "staged bytes that are being imported have no deadline", Given: given.Events{cirros, staging, staged, asked}, When: cmd.PassDeadline{Kind: "upload", ID: "i1", Due: later}},
	})
}

func TestImport(t *testing.T) {
	active := given.Events{cirros, started, done}
	with := func(more ...events.Event) given.Events { return append(given.Events{cirros, staging, staged}, more...) }
	given.Run(t, Register, []given.Case{
		{Name: "staged bytes are imported", Given: with(), When: asks(asked, nil), Then: given.Events{asked}},
		{Name: "what isn't staged can't be imported", Given: given.Events{cirros}, When: asks(asked, nil), Refused: commands.Conflict},
		{Name: "what is still being staged can't be imported", Given: given.Events{cirros, staging}, When: asks(asked, nil), Refused: commands.Conflict},
		{Name: "an image is imported once at a time", Given: with(asked), When: asks(asked, func(e *evt.ImportRequested) { e.TaskID = "t2" }), Refused: commands.Conflict},
		{Name: "an active image takes no other bytes", Given: active, When: asks(asked, nil), Refused: commands.Conflict},
		{Name: "a download needs a queued image", Given: with(), When: asks(asked, func(e *evt.ImportRequested) { e.Method = "web-download" }), Refused: commands.Conflict},
		{Name: "an import to no store is refused", Given: with(), When: asks(asked, func(e *evt.ImportRequested) { e.Stores = nil }), Refused: commands.Invalid},
		{Name: "an image of no format can't be imported", Given: given.Events{evt.ImageCreated{ID: "i1", OwnerID: "p"}, staging, staged}, When: asks(asked, nil), Refused: commands.Conflict},
		{Name: "an active image is copied", Given: active, When: asks(copying, nil), Then: given.Events{copying}},
		{Name: "an image isn't copied to where it is", Given: active, When: asks(copying, func(e *evt.ImportRequested) { e.Stores = []string{"local"} }), Refused: commands.Invalid},
		{Name: "only active images are copied", Given: given.Events{cirros}, When: asks(copying, nil), Refused: commands.Conflict},
		{Name: "an import goes on", Given: with(asked), When: cmd.ContinueImport{TaskID: "t1", Note: "n", Due: due},
			Then: given.Events{evt.ImportContinued{TaskID: "t1", ImageID: "i1", Note: "n", Due: due}}},
		{Name: "an import that has ended doesn't go on", Given: with(asked, ended), When: cmd.ContinueImport{TaskID: "t1"}, Refused: commands.NotFound},
		{Name: "an import brings the bytes", Given: with(asked), When: brought, Then: given.Events{ended}},
		{Name: "an import ends once", Given: with(asked, ended), When: brought, Refused: commands.NotFound},
		{Name: "the import of a deleted image ends in nothing", Given: with(asked, evt.ImageDeleted{ID: "i1"}), When: brought, Refused: commands.NotFound},
		{Name: "an import can't pass a project's quota", Given: with(asked), When: func() cmd.FinishImport { c := brought; c.ProjectBytes = 6; return c }(), Refused: commands.OverLimit},
		{Name: "more stores have a copied image", Given: append(active[:3:3], copying), When: cmd.FinishImport{TaskID: "t1", Stores: []string{"far"}},
			Then: given.Events{evt.ImageCopied{TaskID: "t1", ImageID: "i1", Stores: []string{"far"}}}},
		{Name: "a failed import is told of", Given: with(asked), When: cmd.FailImport{TaskID: "t1", Reason: "r"}, Then: given.Events{evt.ImportFailed{TaskID: "t1", ImageID: "i1", Reason: "r"}}},
		{Name: "an import that has ended doesn't fail", Given: with(asked, ended), When: cmd.FailImport{TaskID: "t1"}},
		{Name: "an import of which nothing is heard fails", Given: with(asked), When: cmd.PassDeadline{Kind: "task", ID: "t1", Due: due},
			Then: given.Events{evt.ImportFailed{TaskID: "t1", ImageID: "i1", Reason: "nothing was heard of the import in time"}}},
		{Name: "a task that ended long ago is forgotten", Given: with(asked, ended), When: cmd.PassDeadline{Kind: "task", ID: "t1", Due: due.Add(72 * time.Hour)},
			Then: given.Events{evt.TaskExpired{TaskID: "t1"}}},
		{Name: "a task that ended just now isn't forgotten", Given: with(asked, ended), When: cmd.PassDeadline{Kind: "task", ID: "t1", Due: given.Start}},
	})
}

func TestStores(t *testing.T) {
	active := given.Events{cirros, started, done}
	both := append(active[:3:3], copying, evt.ImageCopied{TaskID: "t1", ImageID: "i1", Stores: []string{"far"}})
	given.Run(t, Register, []given.Case{
		{Name: "bytes are dropped from one of two stores", Given: both, When: cmd.DropFromStore{ID: "i1", Store: "local"}, Then: given.Events{evt.ImageStoreDropped{ID: "i1", Store: "local"}}},
		{Name: "the last bytes are not dropped", Given: active, When: cmd.DropFromStore{ID: "i1", Store: "local"}, Refused: commands.Forbidden},
		{Name: "bytes that a store doesn't have are not dropped", Given: both, When: cmd.DropFromStore{ID: "i1", Store: "x"}, Refused: commands.NotFound},
		{Name: "bytes that are being copied are not dropped", Given: append(active[:3:3], copying), When: cmd.DropFromStore{ID: "i1", Store: "local"}, Refused: commands.Conflict},
	})
}

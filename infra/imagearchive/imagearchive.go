// Package imagearchive takes what hosts make of their disks into the image
// service: it stores the bytes, measures and inspects them on the way, and gives
// the image's record what was found. It is for hosts of this process only, which
// need neither a token nor an address.
package imagearchive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"skylog/commands"
	cmd "skylog/commands/image"
	"skylog/infra/imageformat"
	"skylog/projections"
	view "skylog/projections/image"
	"skylog/workers/compute"
)

// Store keeps bytes under names that are UUIDs.
type Store interface {
	Save(name string, from io.Reader) error
	Remove(name string) error
}

// projectBytes is what the images of a project may have together, as for uploads.
const projectBytes = 10 << 40

// lease is how long the image service waits to hear of an upload again.
const lease = 10 * time.Minute

// Archive implements compute.Archive.
type Archive struct {
	Store Store
	Do    commands.Do[*projections.World]
	Now   func() *projections.World
	Clock func() time.Time
}

var _ compute.Archive = Archive{}

// Send implements compute.Archive.
func (a Archive) Send(ctx context.Context, to compute.CaptureRef, image io.Reader, size int64) error {
	ctx = commands.With(ctx, commands.Caller{Origin: "cell"})
	i, ok := a.Now().Image.Images.Get(to.ImageID)
	switch {
	case !ok:
		return fmt.Errorf("image %s was deleted: %w", to.ImageID, compute.ErrPermanent)
	case i.Status == view.Active:
		return nil
	}
	u := &upload{Archive: a, ctx: ctx, id: to.ImageID, name: uuid.NewString(), from: io.LimitReader(image, size), look: imageformat.New("qcow2"), heard: a.Clock()}
	if _, err := a.Do(ctx, cmd.StartUpload{ID: u.id, Upload: u.name, Due: u.heard.Add(lease)}); err != nil {
		return refused(err)
	}
	err := u.run()
	if err == nil || errors.Is(err, commands.ErrUndecided) {
		return err
	}
	failed := cmd.FailUpload{ID: u.id, Upload: u.name, Reason: "the disk could not be stored"}
	_, told := a.Do(context.WithoutCancel(ctx), failed)
	return errors.Join(refused(err), a.Store.Remove(u.name), told)
}

// refused marks what the image service will never grant.
func refused(err error) error {
	if r, ok := commands.Refused(err); ok && r.Kind != commands.Conflict {
		return errors.Join(compute.ErrPermanent, err)
	}
	return err
}

// upload is one upload under way: a reader that looks at what passes.
type upload struct {
	Archive
	ctx      context.Context
	id, name string
	from     io.Reader
	look     *imageformat.Inspector
	heard    time.Time
}

func (u *upload) run() error {
	if err := u.Store.Save(u.name, u); err != nil {
		return err
	}
	format, virtual, err := u.look.Verdict()
	if err != nil {
		return err
	}
	finish := cmd.FinishUpload{ID: u.id, Upload: u.name, Format: format, VirtualSize: virtual, ProjectBytes: projectBytes}
	finish.SizeBytes, finish.MD5, finish.SHA512 = u.look.Sums()
	_, err = u.Do(u.ctx, finish)
	return err
}

// Read reads more of the disk, and tells now and then that the upload goes on.
func (u *upload) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	if now := u.Clock(); now.Sub(u.heard) > lease/4 {
		if _, err := u.Do(u.ctx, cmd.ContinueUpload{ID: u.id, Upload: u.name, Due: now.Add(lease)}); err != nil {
			return 0, err
		}
		u.heard = now
	}
	n, err := u.from.Read(p)
	_, _ = u.look.Write(p[:n]) // it only looks
	return n, err
}

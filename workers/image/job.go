package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"skylog/commands"
	cmd "skylog/commands/image"
	view "skylog/projections/image"
)

// The ways in which an image gets its bytes.
const (
	fromStaging = "glance-direct"
	fromWeb     = "web-download"
	fromStore   = "copy-image"
)

// job is one import under way.
type job struct {
	*Importer
	ctx   context.Context
	task  view.Task
	image view.Image
	blob  string // under which name the bytes get into the stores
	heard time.Time
}

// tell tells the cell that the import goes on, and learns whether it is still wanted.
func (j *job) tell(note string) error {
	now := j.Clock()
	_, err := j.Do(j.ctx, cmd.ContinueImport{TaskID: j.task.ID, Note: note, Due: now.Add(lease)})
	if err == nil {
		j.heard = now
	}
	return err
}

// Clean names of what an import leaves in staging: what was downloaded, and what
// was converted.
var converted = uuid.NewSHA1(uuid.NameSpaceURL, []byte("skylog:converted"))

func (j *job) convertedName() string { return uuid.NewSHA1(converted, []byte(j.task.ID)).String() }

// clean removes what the import stored.
func (j *job) clean() {
	var err error
	for _, name := range j.task.Stores {
		if store, ok := j.Stores[name]; ok && !slices.Contains(j.image.Stores, name) && j.blob != "" {
			err = errors.Join(err, store.Remove(j.blob))
		}
	}
	if err = errors.Join(err, j.cleanStaging()); err != nil {
		j.Logger.Error("bytes of an import were not removed", "task", j.task.ID, "image", j.task.ImageID, "error", err)
	}
}

func (j *job) cleanStaging() (err error) {
	for _, name := range []string{j.task.ID, j.convertedName(), j.image.Staged} {
		if name != "" {
			err = errors.Join(err, j.Staging.Remove(name))
		}
	}
	return err
}

func (j *job) run() error {
	image, ok := j.Now().Image.Images.Get(j.task.ImageID)
	if !ok {
		return commands.Refuse(commands.NotFound, "The image was deleted.")
	}
	j.image = image
	if j.task.Method == fromStore {
		j.blob = image.Blob
		return j.finish(cmd.FinishImport{SHA512: image.SHA512}, j.openStored)
	}
	j.blob = j.task.ID
	staged := image.Staged
	if j.task.Method == fromWeb {
		staged = j.task.ID
		if err := j.download(staged); err != nil {
			return err
		}
	}
	found, err := j.inspect(staged, image.DiskFormat)
	if err != nil {
		return err
	}
	if j.ConvertTo != "" && found.Format != "" && found.Format != j.ConvertTo && found.Format == image.DiskFormat {
		as := j.convertedName()
		if found, err = j.convert(staged, found.Format, as); err != nil {
			return err
		}
		staged = as
	}
	if err := j.finish(found, func() (io.ReadSeekCloser, error) { return j.Staging.Open(staged) }); err != nil {
		return err
	}
	if err := j.cleanStaging(); err != nil {
		j.Logger.Error("staged bytes were not removed", "task", j.task.ID, "image", j.image.ID, "error", err)
	}
	return nil
}

// openStored opens the image's bytes where they are already.
func (j *job) openStored() (f io.ReadSeekCloser, err error) {
	err = commands.Refuse(commands.NotFound, "No store has the image's bytes.")
	for _, name := range j.image.Stores {
		if from, ok := j.Stores[name]; ok {
			if f, err = from.Open(j.blob); err == nil {
				return f, nil
			}
		}
	}
	return nil, err
}

// download brings the bytes at the task's address into staging. Why it fails is
// for the operators' log: whoever asks mustn't learn what is where in our network.
func (j *job) download(as string) error {
	if j.Download == nil {
		return commands.Refuse(commands.Forbidden, "This cloud downloads no images.")
	}
	uri, err := j.Unseal(j.task.Project, j.task.Sealed)
	if err != nil {
		return err
	}
	if err := j.Staging.Remove(as); err != nil {
		return err
	}
	body, err := j.Download(j.ctx, string(uri))
	if err == nil {
		err = j.Staging.Save(as, j.watch(body, "downloaded"))
		body.Close()
	}
	if _, refused := commands.Refused(err); err == nil || refused {
		return err
	}
	j.Logger.Warn("a download failed", "task", j.task.ID, "uri", j.task.URI, "error", err)
	return commands.Refuse(commands.Conflict, "The bytes could not be downloaded from %s", j.task.URI)
}

// inspect reads staged bytes and says what they are, or why they are refused.
func (j *job) inspect(name, format string) (cmd.FinishImport, error) {
	var c cmd.FinishImport
	f, err := j.Staging.Open(name)
	if err != nil {
		return c, err
	}
	defer f.Close()
	inspection := j.Inspect(format, j.image.ContainerFormat)
	if _, err := io.Copy(inspection, j.watch(f, "inspected")); err != nil {
		return c, err
	}
	c.SizeBytes, c.MD5, c.SHA512 = inspection.Sums()
	if c.Format, c.VirtualSize, err = inspection.Verdict(); err != nil {
		return c, commands.Refuse(commands.Invalid, "Image %s", err)
	}
	if c.VirtualSize > j.MaxVirtualBytes {
		return c, commands.Refuse(commands.OverLimit, "The disk of the image would have %d bytes; %d are allowed.", c.VirtualSize, j.MaxVirtualBytes)
	}
	return c, nil
}

// convert brings a staged disk, which was inspected, into the format of this
// cloud. What comes out is inspected as well.
func (j *job) convert(name, format, as string) (cmd.FinishImport, error) {
	if err := j.tell("It is being converted."); err != nil {
		return cmd.FinishImport{}, err
	}
	if err := j.Staging.Remove(as); err != nil {
		return cmd.FinishImport{}, err
	}
	if err := j.Convert(j.ctx, name, format, as, j.MaxBytes); err != nil {
		j.Logger.Warn("a disk could not be converted", "task", j.task.ID, "error", err)
		return cmd.FinishImport{}, commands.Refuse(commands.Invalid, "Image could not be converted to %s within the limits", j.ConvertTo)
	}
	found, err := j.inspect(as, j.ConvertTo)
	found.DiskFormat = j.ConvertTo
	return found, err
}

// finish copies the bytes into the stores and makes them the image's.
func (j *job) finish(found cmd.FinishImport, open func() (io.ReadSeekCloser, error)) error {
	for _, name := range j.task.Stores {
		err := j.put(name, found.SHA512, open)
		switch {
		case err == nil:
			found.Stores = append(found.Stores, name)
		case j.ctx.Err() != nil:
			return err
		default:
			j.Logger.Warn("a store could not take an image", "store", name, "task", j.task.ID, "error", err)
			if _, refused := commands.Refused(err); !refused {
				err = commands.Refuse(commands.Conflict, "Store %s could not take the bytes.", name)
			}
			if j.task.AllMustSucceed {
				return err
			}
			found.Failed = append(found.Failed, name)
		}
	}
	if len(found.Stores) == 0 {
		return commands.Refuse(commands.Conflict, "No store could take the bytes.")
	}
	found.TaskID, found.ProjectBytes = j.task.ID, j.ProjectBytes
	_, err := j.Do(j.ctx, found)
	return err
}

// put copies the bytes into a store, and makes sure that they are those that
// were inspected.
func (j *job) put(name, sha512 string, open func() (io.ReadSeekCloser, error)) error {
	store, ok := j.Stores[name]
	if !ok {
		return commands.Refuse(commands.NotFound, "There is no store %s any more.", name)
	}
	if err := store.Remove(j.blob); err != nil { // what an earlier attempt left
		return err
	}
	f, err := open()
	if err != nil {
		return err
	}
	defer f.Close()
	measured := j.Inspect("", "")
	if err := store.Save(j.blob, io.TeeReader(j.watch(f, "copied to "+name), measured)); err != nil {
		return err
	}
	if _, _, sum := measured.Sums(); sum != sha512 {
		return errors.Join(fmt.Errorf("the bytes in store %s are not those that were inspected", name), store.Remove(j.blob))
	}
	return nil
}

// watched is a reader that ends when the import does, or has too much.
type watched struct {
	io.Reader
	job  *job
	size int64
	what string
}

func (j *job) watch(r io.Reader, what string) io.Reader {
	return &watched{Reader: r, job: j, what: what}
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.job.ctx.Err(); err != nil {
		return 0, err
	}
	if w.job.Clock().Sub(w.job.heard) > lease/20 {
		err := w.job.tell(fmt.Sprintf("%d MiB are %s.", w.size>>20, w.what))
		if _, refused := commands.Refused(err); refused { // it isn't wanted any more
			return 0, err
		}
	}
	n, err := w.Reader.Read(p)
	if w.size += int64(n); w.size > w.job.MaxBytes {
		return n, commands.Refuse(commands.OverLimit, "The incoming image is too large: an image may have %d bytes.", w.job.MaxBytes)
	}
	return n, err
}

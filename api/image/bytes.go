package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/image"
	view "skylog/projections/image"
)

// lease is how long an upload may go unheard of before the image is given free,
// should this process die; it is renewed while bytes come.
const lease = 10 * time.Minute

func (s *Service) mountBytes(a huma.API) {
	api.Handle(a, "PUT /images/{id}/file", "upload_image", http.StatusNoContent, s.upload, api.Stream)
	api.Handle(a, "PUT /images/{id}/stage", "modify_image", http.StatusNoContent, s.stage, api.Stream)
	api.Handle(a, "GET /images/{id}/file", "download_image", http.StatusOK, s.download, api.Stream)
}

// connection reaches the connection of a request, to bound how long it may stand still.
type connection struct{ control *http.ResponseController }

// Resolve is called by huma with what it knows of the request.
func (c *connection) Resolve(hc huma.Context) []error {
	_, w := humago.Unwrap(hc)
	c.control = http.NewResponseController(w)
	return nil
}

type uploadIn struct {
	ByID
	connection
	ContentType string `header:"Content-Type"`
	Size        string `header:"X-Openstack-Image-Size"`
	Store       string `header:"X-Image-Meta-Store"`
}

// upload streams the body into a store. Only what was measured, hashed and
// inspected on the way becomes the image's; in every other case nothing is kept
// and the image is queued again.
func (s *Service) upload(ctx context.Context, in *uploadIn) (*api.Empty, error) {
	return s.receive(ctx, in, false)
}

// stage streams the body to where an import will find it. What it is, the import asks.
func (s *Service) stage(ctx context.Context, in *uploadIn) (*api.Empty, error) {
	return s.receive(ctx, in, true)
}

func (s *Service) receive(ctx context.Context, in *uploadIn, staging bool) (*api.Empty, error) {
	u := &upload{Service: s, ctx: ctx, name: api.NewID(ctx), staging: staging, body: api.HTTP(ctx).Body, control: in.control, heard: time.Now()}
	err := u.start(in)
	if err == nil {
		err = u.run()
	}
	if err != nil {
		u.hearOut()
		return nil, err
	}
	return &api.Empty{Status: http.StatusNoContent}, nil
}

// start checks what was announced and reserves the image for this upload.
func (u *upload) start(in *uploadIn) error {
	rule := "upload_image"
	if u.staging {
		rule = "modify_image"
	}
	i, err := may(u.ctx, in.ID, rule)
	if err != nil {
		return err
	}
	if kind, _, _ := mime.ParseMediaType(in.ContentType); kind != "application/octet-stream" {
		return api.Fail(http.StatusUnsupportedMediaType, "Invalid content type %.100s", in.ContentType)
	}
	u.id, u.expected = i.ID, api.HTTP(u.ctx).ContentLength
	if in.Size != "" {
		if u.expected, err = strconv.ParseInt(in.Size, 10, 64); err != nil || u.expected < 0 {
			return commands.Refuse(commands.Invalid, "Invalid or missing image size in request headers.")
		}
	}
	if u.expected > u.MaxBytes {
		return u.tooLarge()
	}
	return u.reserve(i, in.Store)
}

func (u *upload) reserve(i view.Image, store string) (err error) {
	due := u.heard.Add(lease)
	if u.staging {
		u.into, u.inspection = u.Staging, u.Inspect("")
		_, err = u.Do(u.ctx, cmd.StageUpload{ID: i.ID, Upload: u.name, Due: due})
		return err
	}
	to, ok := u.store(or(store, u.Stores[0].Name))
	if !ok {
		return commands.Refuse(commands.Invalid, "Unknown store '%.100s'", store)
	}
	u.into, u.in, u.inspection = to.Store, to.Name, u.Inspect(Disk(i.DiskFormat, i.ContainerFormat))
	_, err = u.Do(u.ctx, cmd.StartUpload{ID: i.ID, Upload: u.name, Due: due})
	return err
}

// maxHeardOut is how much of a refused body is read for nothing.
const maxHeardOut = 1 << 30

// hearOut reads the rest of a refused body: most clients send everything before
// they read the answer, and would see a broken connection instead of it. One that
// waits to be told to go on is told the answer at once.
func (u *upload) hearOut() {
	if u.ended || u.size == 0 && api.HTTP(u.ctx).Header.Get("Expect") != "" {
		return
	}
	for range maxHeardOut / chunk {
		// An error means that the connection can't be bounded, as in tests without one.
		_ = u.control.SetReadDeadline(time.Now().Add(u.Idle))
		if _, err := io.CopyN(io.Discard, u.body, chunk); err != nil {
			break
		}
	}
	_ = u.control.SetReadDeadline(time.Time{})
}

func (s *Service) tooLarge() error {
	return commands.Refuse(commands.OverLimit, "The incoming image is too large: an image may have %d bytes.", s.MaxBytes)
}

// Disk is the format in which the bytes of a container must be a disk. Those in
// other containers aren't one, and no host boots from them: it is empty then.
func Disk(diskFormat, containerFormat string) string {
	switch containerFormat {
	case "bare", "aki", "ari", "ami":
		return diskFormat
	}
	return ""
}

// upload is one upload under way: a reader that measures what passes.
type upload struct {
	*Service
	ctx        context.Context
	id, name   string
	staging    bool
	into       Store
	in         string // the store's name
	body       io.Reader
	control    *http.ResponseController
	expected   int64 // -1: unknown
	inspection Inspection
	size       int64
	ended      bool      // nothing more can be read
	heard      time.Time // when the cell last heard of this upload
}

func (u *upload) run() (err error) {
	settled := false
	defer func() {
		if !settled {
			u.giveUp(err)
		}
	}()
	if err := u.into.Save(u.name, u); err != nil {
		return u.excuse(err)
	}
	finish, err := u.finish()
	if err != nil {
		return err
	}
	// All bytes are here: it no longer matters whether the client waits.
	_, err = u.Do(context.WithoutCancel(u.ctx), finish)
	settled = err == nil || errors.Is(err, commands.ErrUndecided) // if it may still be granted, the bytes must stay
	return u.excuse(err)
}

// stagedFor is how long staged bytes wait for an import.
const stagedFor = 24 * time.Hour

// finish is what there is to tell of the bytes, if they may become the image's.
func (u *upload) finish() (commands.Command, error) {
	size, md5, sha512 := u.inspection.Sums()
	if u.staging {
		return cmd.FinishStaging{ID: u.id, Upload: u.name, SizeBytes: size, Due: time.Now().Add(stagedFor)}, nil
	}
	format, virtual, err := u.inspection.Verdict()
	switch {
	case err != nil:
		return nil, api.Fail(http.StatusUnsupportedMediaType, "Image %s", err)
	case virtual > u.MaxVirtualBytes:
		return nil, commands.Refuse(commands.OverLimit, "The disk of the image would have %d bytes; %d are allowed.", virtual, u.MaxVirtualBytes)
	}
	return cmd.FinishUpload{ID: u.id, Upload: u.name, SizeBytes: size, MD5: md5, SHA512: sha512, Format: format, VirtualSize: virtual,
		Store: u.in, ProjectBytes: u.ProjectBytes}, nil
}

// giveUp removes what was stored and gives the image free.
func (u *upload) giveUp(why error) {
	reason := "broken"
	if why != nil {
		reason = why.Error()
	}
	if err := u.into.Remove(u.name); err != nil {
		slog.Error("bytes of a failed upload were not removed", "image", u.id, "upload", u.name, "err", err)
	}
	if _, err := u.Do(context.WithoutCancel(u.ctx), cmd.FailUpload{ID: u.id, Upload: u.name, Reason: reason[:min(len(reason), maxName)]}); err != nil {
		slog.Error("an image stays in saving until its deadline", "image", u.id, "upload", u.name, "err", err)
	}
}

// errBody is that the client stopped sending.
var errBody = errors.New("the body could not be read to its end")

// excuse words an error for the client.
func (u *upload) excuse(err error) error {
	refusal, refused := commands.Refused(err)
	switch {
	case refused && refusal.Kind == commands.NotFound:
		return api.Fail(http.StatusGone, "Image %s could not be found after upload. The image may have been deleted during the upload, cleaning up the chunks uploaded.", u.id)
	case errors.Is(err, syscall.ENOSPC):
		return commands.Refuse(commands.OverLimit, "Image storage media is full.")
	case errors.Is(err, errBody):
		return commands.Refuse(commands.Invalid, "The image data could not be read to its end.")
	}
	return err
}

// Read reads more of the body, and looks at what it read.
func (u *upload) Read(p []byte) (int, error) {
	if err := u.tell(); err != nil {
		return 0, err
	}
	// An error means that the connection can't be bounded, as in tests without one.
	_ = u.control.SetReadDeadline(time.Now().Add(u.Idle))
	n, err := u.body.Read(p)
	u.ended = err != nil
	u.size += int64(n)
	u.inspection.Write(p[:n])
	switch {
	case u.size > u.MaxBytes:
		return n, u.tooLarge()
	case err == io.EOF && u.expected >= 0 && u.size != u.expected:
		return n, errBody
	case err == io.EOF:
		_ = u.control.SetReadDeadline(time.Time{})
	case err != nil:
		return n, fmt.Errorf("%w: %w", errBody, err)
	}
	return n, err
}

// tell tells the cell now and then that the upload goes on, and learns whether
// it is still wanted.
func (u *upload) tell() error {
	now := time.Now()
	if now.Sub(u.heard) < lease/4 {
		return nil
	}
	if _, err := u.Do(u.ctx, cmd.ContinueUpload{ID: u.id, Upload: u.name, Due: now.Add(lease)}); err != nil {
		if _, refused := commands.Refused(err); refused {
			return err
		}
		return nil // busy or undecided: it is told again
	}
	u.heard = now
	return nil
}

package image

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"skylog/api"
	"skylog/commands"
	view "skylog/projections/image"
)

type downloadIn struct {
	ByID
	Range        string `header:"Range"`
	ContentRange string `header:"Content-Range"` // what older clients send for Range
}

// download streams an image's bytes out, or a part of them.
func (s *Service) download(ctx context.Context, in *downloadIn) (*huma.StreamResponse, error) {
	i, err := may(ctx, in.ID, "download_image")
	if err != nil {
		return nil, err
	}
	if i.Status == view.Deactivated && !isAdmin(ctx) {
		return nil, commands.Refuse(commands.Forbidden, "The requested image has been deactivated. Image data download is forbidden.")
	}
	return s.send(i, or(in.Range, in.ContentRange))
}

// send makes the answer with the bytes of an image. One without any is a 204.
func (s *Service) send(i view.Image, asked string) (*huma.StreamResponse, error) {
	if i.Blob == "" {
		return &huma.StreamResponse{Body: func(hc huma.Context) { hc.SetStatus(http.StatusNoContent) }}, nil
	}
	from, to, part, err := rangeOf(asked, i.SizeBytes)
	if err != nil {
		return nil, err
	}
	f, err := s.open(i)
	if errors.Is(err, fs.ErrNotExist) { // deleted since this request began, if all is well
		slog.Warn("the bytes of an image are not in the store", "image", i.ID, "bytes", i.Blob)
		return nil, notFound(i.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("bytes of image %s: %w", i.ID, err)
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		f.Close()
		return nil, fmt.Errorf("bytes of image %s: %w", i.ID, err)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer f.Close()
		_, w := humago.Unwrap(hc)
		h := w.Header()
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Length", strconv.FormatInt(to-from, 10))
		h.Set("Accept-Ranges", "bytes")
		if part {
			h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, i.SizeBytes))
			w.WriteHeader(http.StatusPartialContent)
		} else {
			h.Set("Content-MD5", i.MD5)
			w.WriteHeader(http.StatusOK)
		}
		if hc.Method() != http.MethodHead { // what is written for it would be read for nothing
			s.pour(w, f, to-from)
		}
	}}, nil
}

// open opens an image's bytes in the first of its stores that has them.
func (s *Service) open(i view.Image) (f io.ReadSeekCloser, err error) {
	err = fs.ErrNotExist
	for _, name := range i.Stores {
		if from, ok := s.store(name); ok {
			if f, err = from.Open(i.Blob); err == nil {
				return f, nil
			}
		}
	}
	return nil, err
}

// chunk is after how many bytes a slow reader gets another while.
const chunk = 1 << 20

// pour copies n bytes out. A reader that takes nothing for too long is left; it
// sees that bytes are missing by their announced number.
func (s *Service) pour(w http.ResponseWriter, from io.Reader, n int64) {
	control := http.NewResponseController(w)
	for n > 0 {
		_ = control.SetWriteDeadline(time.Now().Add(s.Idle)) // an error means there is no connection to bound
		copied, err := io.CopyN(w, from, min(n, chunk))
		if err != nil {
			return
		}
		n -= copied
	}
	_ = control.SetWriteDeadline(time.Time{})
}

// byteRange is one range, in either header's form.
var byteRange = regexp.MustCompile(`^bytes[= ](\d{0,18})-(\d{0,18})(?:/(?:\*|\d+))?$`)

// rangeOf reads the range that is asked for: from is its first byte, to the one
// behind its last. Without one, or with several, it is everything.
func rangeOf(asked string, size int64) (from, to int64, part bool, err error) {
	m := byteRange.FindStringSubmatch(asked)
	if asked == "" || m == nil || m[1] == "" && m[2] == "" {
		return 0, size, false, nil
	}
	first, last := int64(-1), size-1
	if m[1] != "" {
		first, _ = strconv.ParseInt(m[1], 10, 64) // 18 digits fit
	}
	if m[2] != "" {
		last, _ = strconv.ParseInt(m[2], 10, 64)
	}
	if first < 0 { // the last so many
		first, last = max(0, size-last), size-1
	}
	last = min(last, size-1)
	if first > last {
		f := api.Fail(http.StatusRequestedRangeNotSatisfiable, "The range %.60s lies outside the image's %d bytes.", asked, size)
		f.Header = http.Header{"Content-Range": {fmt.Sprintf("bytes */%d", size)}}
		return 0, 0, false, f
	}
	return first, last + 1, true, nil
}

// Signer signs addresses under which a compute host gets an image's bytes
// without a token, for a while.
type Signer struct {
	Key []byte
	// Base is where hosts reach the gateway, without a slash at the end.
	Base string
}

const bytesRoot = "/v1/image-bytes"

// URL is the address of an image's bytes until expires.
func (s Signer) URL(imageID string, expires time.Time) string {
	at := strconv.FormatInt(expires.Unix(), 10)
	return s.Base + bytesRoot + "/" + url.PathEscape(imageID) + "?expires=" + at + "&sig=" + s.sign(imageID, at)
}

func (s Signer) sign(imageID, expires string) string {
	mac := hmac.New(sha256.New, s.Key)
	fmt.Fprintf(mac, "image-bytes\n%s\n%s", imageID, expires)
	return hex.EncodeToString(mac.Sum(nil))
}

// good says whether the signature is ours and not too old. Without a key none is.
func (s Signer) good(imageID, expires, signature string, now time.Time) bool {
	until, err := strconv.ParseInt(expires, 10, 64)
	return err == nil && len(s.Key) >= sha256.Size && now.Unix() <= until && hmac.Equal([]byte(s.sign(imageID, expires)), []byte(signature))
}

// Bytes makes the service that gives hosts the bytes they boot from.
func (s *Service) Bytes() *api.Service {
	c := s.WithDefaults()
	return &api.Service{Name: "image-bytes", Root: bytesRoot, Dialect: api.SkylogDialect, Mount: func(a huma.API) {
		api.Handle(a, "GET /{id}", api.Open, http.StatusOK, c.downloadSigned, api.Stream)
	}}
}

type signedIn struct {
	ByID
	Expires   string `query:"expires" maxLength:"20"`
	Signature string `query:"sig" maxLength:"64"`
	Range     string `header:"Range"`
}

func (s *Service) downloadSigned(ctx context.Context, in *signedIn) (*huma.StreamResponse, error) {
	if !s.Sign.good(in.ID, in.Expires, in.Signature, time.Now()) {
		return nil, commands.Refuse(commands.Forbidden, "The signature is wrong or too old.")
	}
	i, ok := api.World(ctx).Image.Images.Get(in.ID)
	switch {
	case !ok:
		return nil, notFound(in.ID)
	case i.Status != view.Active:
		return nil, commands.Refuse(commands.Forbidden, "Image %s is %s.", i.ID, i.Status)
	}
	return s.send(i, in.Range)
}

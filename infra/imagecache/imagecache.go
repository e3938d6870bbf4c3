// Package imagecache brings image bytes to a compute host and keeps them there.
// A file in the cache is complete, was checked against its SHA-512 and never
// changes. The folder is bounded; what was used longest ago goes first, and never
// what a machine's disk lies upon.
package imagecache

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"skylog/workers/compute"
)

const (
	defaultTimeout = time.Hour
	// fresh is how long a file that was asked for isn't evicted, whatever InUse
	// says: the machine it is for may not lie upon it yet.
	fresh = 10 * time.Minute
	// nameDigits is how much of the SHA-512 names a file: 128 bits meet by no accident.
	nameDigits = 32
)

// Cache implements compute.Images on a folder of this host.
type Cache struct {
	Dir      string
	MaxBytes int64 // 0: no bound but the disk
	// InUse says whether some machine's disk lies upon the file; nil: none ever does.
	InUse func(path string) bool
	// Local knows the file of an image whose bytes are on this machine already; may be nil.
	Local   func(id string) (path string, ok bool)
	Client  *http.Client  // nil: one that follows no redirects
	Timeout time.Duration // of one download; 0: an hour

	// URL is where an image's bytes are had that is asked for ahead; Log tells why
	// one couldn't be. Both may be nil.
	URL func(id string) string
	Log *slog.Logger

	flights singleflight.Group
	room    sync.Mutex

	mu     sync.Mutex
	queue  []compute.ImageRef
	wake   chan struct{}
	hits   map[string]int
	handed map[string]time.Time // when a file was last given to a machine
}

var _ compute.Images = (*Cache)(nil)

// Fetch returns the image's file, downloading it at most once at a time.
func (c *Cache) Fetch(ctx context.Context, r compute.ImageRef) (string, error) {
	path, err := c.fetch(ctx, r)
	if err == nil {
		c.hand(path)
	}
	return path, err
}

func (c *Cache) fetch(ctx context.Context, r compute.ImageRef) (string, error) {
	if err := sound(r); err != nil {
		return "", err
	}
	path := filepath.Join(c.Dir, r.SHA512[:nameDigits]+"."+r.Format)
	if c.touch(path) {
		return path, nil
	}
	// The download outlives a caller that gives up: the next one needs it too.
	done := c.flights.DoChan(path, func() (any, error) {
		timeout := c.Timeout
		if timeout == 0 {
			timeout = defaultTimeout
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		return nil, c.bring(ctx, r, path)
	})
	select {
	case result := <-done:
		return path, result.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func sound(r compute.ImageRef) error {
	if sum, err := hex.DecodeString(r.SHA512); err != nil || len(sum) != sha512.Size || strings.ToLower(r.SHA512) != r.SHA512 {
		return fmt.Errorf("image %s: %q is no SHA-512: %w", r.ID, r.SHA512, compute.ErrPermanent)
	}
	if r.Format != "raw" && r.Format != "qcow2" {
		return fmt.Errorf("image %s: format %q can't be booted: %w", r.ID, r.Format, compute.ErrPermanent)
	}
	return nil
}

// touch marks a file as used now, and tells whether it is there.
func (c *Cache) touch(path string) bool {
	now := time.Now()
	return os.Chtimes(path, now, now) == nil
}

// bring puts the image into the cache.
func (c *Cache) bring(ctx context.Context, r compute.ImageRef, path string) (err error) {
	if c.touch(path) { // another flight landed between the look and this one
		return nil
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return fmt.Errorf("image cache: %w", err)
	}
	if err := c.evict(r.SizeBytes); err != nil {
		return fmt.Errorf("image %s: %w", r.ID, err)
	}
	from, err := c.source(ctx, r)
	if err != nil {
		return fmt.Errorf("image %s: %w", r.ID, err)
	}
	defer from.Close()
	f, err := os.CreateTemp(c.Dir, ".part-*")
	if err != nil {
		return fmt.Errorf("image cache: %w", err)
	}
	defer os.Remove(f.Name())
	err = receive(f, from, r)
	if err == nil {
		err = errors.Join(f.Chmod(0o444), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("image %s: %w", r.ID, err)
	}
	return os.Rename(f.Name(), path)
}

// source opens the bytes, here or where the reference says.
func (c *Cache) source(ctx context.Context, r compute.ImageRef) (io.ReadCloser, error) {
	if c.Local != nil {
		if path, ok := c.Local(r.ID); ok {
			if f, err := os.Open(path); err == nil {
				return f, nil
			}
		}
	}
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("its address is none to download from: %w", compute.ErrPermanent)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return nil, err
	}
	client := c.Client
	if client == nil {
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	reply, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("download: %w", withoutURL(err))
	}
	if reply.StatusCode == http.StatusOK {
		return reply.Body, nil
	}
	reply.Body.Close()
	err = fmt.Errorf("download: %s", reply.Status)
	if s := reply.StatusCode; s == http.StatusNotFound || s == http.StatusGone || s == http.StatusForbidden {
		err = errors.Join(err, compute.ErrPermanent)
	}
	return nil, err
}

// withoutURL takes the address out of an error: its signature opens the image.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// receive copies the bytes and checks them. Too few may be a lost connection;
// others than were promised stay so.
func receive(f *os.File, from io.Reader, r compute.ImageRef) error {
	hash := sha512.New()
	n, err := io.Copy(io.MultiWriter(f, hash), io.LimitReader(from, r.SizeBytes+1))
	switch {
	case err != nil:
		return fmt.Errorf("download: %w", withoutURL(err))
	case n < r.SizeBytes:
		return fmt.Errorf("download: it ended after %d of %d bytes", n, r.SizeBytes)
	case n > r.SizeBytes:
		return fmt.Errorf("download: it has more than %d bytes: %w", r.SizeBytes, compute.ErrPermanent)
	case hex.EncodeToString(hash.Sum(nil)) != r.SHA512:
		return fmt.Errorf("its bytes don't have the SHA-512 they must have: %w", compute.ErrPermanent)
	}
	return nil
}

type kept struct {
	path string
	size int64
	used time.Time
}

// evict makes room for so many bytes.
func (c *Cache) evict(need int64) error {
	if c.MaxBytes == 0 {
		return nil
	}
	c.room.Lock()
	defer c.room.Unlock()
	files, total, err := c.list()
	if err != nil {
		return err
	}
	slices.SortFunc(files, func(a, b kept) int { return a.used.Compare(b.used) })
	for _, f := range files {
		if total+need <= c.MaxBytes {
			return nil
		}
		if time.Since(f.used) < fresh || c.InUse != nil && c.InUse(f.path) {
			continue
		}
		if err := os.Remove(f.path); err != nil {
			return fmt.Errorf("image cache: %w", err)
		}
		total -= f.size
	}
	if total+need > c.MaxBytes {
		return fmt.Errorf("the image cache has no room for %d bytes: %d of %d are in use", need, total, c.MaxBytes)
	}
	return nil
}

// list tells what is in the cache. Downloads under way count, but aren't listed;
// those that an earlier process left are removed.
func (c *Cache) list() (files []kept, total int64, err error) {
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return nil, 0, fmt.Errorf("image cache: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue // it went away meanwhile, or isn't ours
		}
		path := filepath.Join(c.Dir, e.Name())
		if strings.HasPrefix(e.Name(), ".part-") && time.Since(info.ModTime()) > fresh {
			os.Remove(path)
			continue
		}
		total += info.Size()
		if !strings.HasPrefix(e.Name(), ".") {
			files = append(files, kept{path, info.Size(), info.ModTime()})
		}
	}
	return files, total, nil
}

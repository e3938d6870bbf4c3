package imagecache

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"skylog/api/image"
	"skylog/commands"
	view "skylog/projections/image"
	"skylog/workers/compute"
)

// maxQueued is how many images may wait for being brought here.
const maxQueued = 100

var _ image.Cache = (*Cache)(nil)

// Cached tells what is in the cache. Hits are counted from the start of the process.
func (c *Cache) Cached() (all []image.CachedFile, err error) {
	files, _, err := c.list()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range files {
		hash, format, _ := strings.Cut(filepath.Base(f.path), ".")
		all = append(all, image.CachedFile{Hash: hash, Format: format, SizeBytes: f.size, UsedAt: f.used, Hits: c.hits[f.path]})
	}
	return all, err
}

// Queued are the images that wait for being brought here, in their order.
func (c *Cache) Queued() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := make([]string, 0, len(c.queue))
	for _, r := range c.queue {
		ids = append(ids, r.ID)
	}
	return ids
}

// Queue has an image brought here before any machine needs it.
func (c *Cache) Queue(i view.Image) error {
	r := compute.ImageRef{ID: i.ID, Format: i.Format, SHA512: i.SHA512, SizeBytes: i.SizeBytes}
	if sound(r) != nil {
		return commands.Refuse(commands.Invalid, "No machine boots from image %s of format %s.", i.ID, i.DiskFormat)
	}
	if c.URL != nil {
		r.URL = c.URL(i.ID)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case slices.ContainsFunc(c.queue, func(q compute.ImageRef) bool { return q.ID == i.ID }):
		return nil
	case len(c.queue) >= maxQueued:
		return commands.Refuse(commands.OverLimit, "%d images wait for being cached already.", maxQueued)
	}
	c.queue = append(c.queue, r)
	c.nudge()
	return nil
}

// nudge wakes Run. The channel is made by whoever comes first.
func (c *Cache) nudge() {
	if c.wake == nil {
		c.wake = make(chan struct{}, 1)
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Unqueue takes an image out of the queue.
func (c *Cache) Unqueue(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = slices.DeleteFunc(c.queue, func(r compute.ImageRef) bool { return r.ID == id })
}

// Drop removes a file from the cache, unless a machine lies upon it or is about to.
func (c *Cache) Drop(f image.CachedFile) error {
	path := filepath.Join(c.Dir, filepath.Base(f.Hash+"."+f.Format))
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.handed[path]) < fresh || c.InUse != nil && c.InUse(path) {
		return commands.Refuse(commands.Conflict, "A machine on this host is made upon the cached image.")
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	delete(c.hits, path)
	return nil
}

// hand counts a use and remembers it: the file mustn't go before the machine that
// it is for lies upon it.
func (c *Cache) hand(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hits == nil {
		c.hits, c.handed = map[string]int{}, map[string]time.Time{}
	}
	c.hits[path]++
	c.handed[path] = time.Now()
}

// Run brings here what is queued, one image after the other, until ctx ends. What
// can't be brought is no longer queued; the log says why.
func (c *Cache) Run(ctx context.Context) error {
	c.mu.Lock()
	c.nudge()
	wake := c.wake
	c.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		}
		for r, ok := c.next(); ok && ctx.Err() == nil; r, ok = c.next() {
			if _, err := c.fetch(ctx, r); err != nil && c.Log != nil {
				c.Log.Warn("an image could not be cached", "image", r.ID, "error", err)
			}
			c.Unqueue(r.ID)
		}
	}
}

// next is what to bring here next. It stays queued until it is here.
func (c *Cache) next() (r compute.ImageRef, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		return r, false
	}
	return c.queue[0], true
}

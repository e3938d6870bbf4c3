package image_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"skylog/infra/imagecache"
	"skylog/workers/compute"
)

func TestImagesAreCachedAheadAndDroppedAgain(t *testing.T) {
	var cache *imagecache.Cache
	inUse := false
	c := serve(t, func(c *cloud) {
		cache = &imagecache.Cache{Dir: t.TempDir(), InUse: func(string) bool { return inUse }, Local: func(id string) (string, bool) {
			i, _ := c.Now().Image.Images.Get(id)
			return c.dir + "/" + i.Blob, true
		}}
		c.service.Cache = cache
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- cache.Run(ctx) }()
	defer func() { cancel(); <-done }()
	path := c.create(root, nil)
	id := path[len("/image/v2/images/"):]
	c.ask(root, "PUT /image/v2/cache/"+id, nil, 400) // no bytes yet
	c.upload(root, path, "bytes of a disk", 204)
	kernel := c.create(root, fields{"disk_format": "iso", "container_format": "ova"})
	c.upload(root, kernel, "not a disk", 204)
	c.ask(root, "PUT /image/v2/cache/"+kernel[len("/image/v2/images/"):], nil, 400) // nothing boots from it
	for _, call := range []string{"GET /image/v2/cache", "DELETE /image/v2/cache", "PUT /image/v2/cache/" + id, "DELETE /image/v2/cache/" + id} {
		c.ask(ada, call, nil, 403)
	}
	bring := func() (shown map[string]any) {
		t.Helper()
		c.ask(root, "PUT /image/v2/cache/"+id, nil, 202)
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-time.After(time.Millisecond) {
			r := c.ask(root, "GET /image/v2/cache", nil, 200)
			if files := r.field("cached_images").([]any); len(files) == 1 && len(r.field("queued_images").([]any)) == 0 {
				return files[0].(map[string]any)
			}
		}
		t.Fatal("the image is never cached")
		return nil
	}
	shown := bring()
	for key, want := range map[string]any{"image_id": id, "size": 15.0, "hits": 0.0, "last_accessed": 0.0} {
		if shown[key] != want {
			t.Errorf("%s is %v, want %v", key, shown[key], want)
		}
	}
	empty := func() bool {
		return len(c.ask(root, "GET /image/v2/cache", nil, 200).field("cached_images").([]any)) == 0
	}
	inUse = true
	c.ask(root, "DELETE /image/v2/cache/"+id, nil, 409)
	c.ask(root, "DELETE /image/v2/cache", nil, 204)
	if empty() {
		t.Error("a file that a machine lies upon is gone")
	}
	inUse = false
	c.ask(root, "DELETE /image/v2/cache", nil, 204, "X-Image-Cache-Clear-Target", "queue")
	c.ask(root, "DELETE /image/v2/cache", nil, 400, "X-Image-Cache-Clear-Target", "all")
	if empty() {
		t.Error("emptying the queue empties the cache")
	}
	c.ask(root, "DELETE /image/v2/cache/"+id, nil, 204)
	if !empty() {
		t.Error("a dropped file is still there")
	}
	c.ask(root, "DELETE /image/v2/cache/nowhere", nil, 404)
	bring()
	i, _ := c.Now().Image.Images.Get(id)
	if _, err := cache.Fetch(t.Context(), compute.ImageRef{ID: id, Format: i.Format, SHA512: i.SHA512, SizeBytes: i.SizeBytes}); err != nil {
		t.Fatal(err)
	}
	c.ask(root, "DELETE /image/v2/cache/"+id, nil, 409) // a machine is about to lie upon it
	if files := c.ask(root, "GET /image/v2/cache", nil, 200).field("cached_images").([]any); files[0].(map[string]any)["hits"] != 1.0 {
		t.Errorf("a file that was used once is shown as %v", files)
	}
}

func TestWhereThereIsNoCacheItsCallsSaySo(t *testing.T) {
	c := serve(t, nil)
	c.ask(root, "GET /image/v2/cache", nil, 404)
	versions := func(c *cloud) (ids []string) {
		for _, v := range c.ask("", "GET /image/versions", nil, 200).field("versions").([]any) {
			ids = append(ids, v.(map[string]any)["id"].(string))
		}
		return ids
	}
	with := serve(t, func(c *cloud) { c.service.Cache = &imagecache.Cache{Dir: t.TempDir()} })
	if slices.Contains(versions(c), "v2.16") || versions(with)[0] != "v2.16" {
		t.Errorf("the versions are %v, and with a cache %v", versions(c), versions(with))
	}
}

package imagecache

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"skylog/workers/compute"
)

// serve serves bytes and counts how often they are fetched.
func serve(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func ref(url, content string) compute.ImageRef {
	sum := sha512.Sum512([]byte(content))
	return compute.ImageRef{ID: "i", URL: url, Format: "raw", SHA512: hex.EncodeToString(sum[:]), SizeBytes: int64(len(content))}
}

func says(content string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(content)) }
}

func left(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestManyWhoWantAnImageCauseOneDownload(t *testing.T) {
	release := make(chan struct{})
	url, asked := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		<-release
		w.Write([]byte("bytes"))
	})
	c := &Cache{Dir: t.TempDir()}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			path, err := c.Fetch(t.Context(), ref(url, "bytes"))
			if got, _ := os.ReadFile(path); err != nil || string(got) != "bytes" {
				t.Errorf("fetched %q, %v", got, err)
			}
		})
	}
	close(release)
	all.Wait()
	if path, err := c.Fetch(t.Context(), ref(url, "bytes")); err != nil || asked.Load() != 1 {
		t.Fatalf("%s was asked for %d times (%v), want once", path, asked.Load(), err)
	}
	if info, _ := os.Stat(filepath.Join(c.Dir, left(t, c.Dir)[0])); info.Mode().Perm() != 0o444 {
		t.Fatalf("the file's mode is %v, want it read-only", info.Mode())
	}
}

func TestBytesThatAreNotThePromisedOnesAreNotKept(t *testing.T) {
	for name, c := range map[string]struct {
		sent      string
		status    int
		permanent bool
	}{
		"other bytes": {"bytez", 200, true}, "too many": {"bytes and more", 200, true}, "too few": {"byt", 200, false},
		"gone": {"", 404, true}, "a fault": {"", 503, false}, "a redirect": {"", 302, false},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(c.status)
				w.Write([]byte(c.sent))
			})
			cache := &Cache{Dir: t.TempDir()}
			_, err := cache.Fetch(t.Context(), ref(url, "bytes"))
			if err == nil || errors.Is(err, compute.ErrPermanent) != c.permanent {
				t.Fatalf("%v; want an error, permanent: %v", err, c.permanent)
			}
			if l := left(t, cache.Dir); len(l) != 0 {
				t.Fatalf("%v is left", l)
			}
		})
	}
}

func TestOnlyDownloadAddressesAreFetched(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &Cache{Dir: t.TempDir()}
	for _, url := range []string{"file://" + secret, secret, "", "ftp://127.0.0.1/x", "http:///x"} {
		if path, err := c.Fetch(t.Context(), ref(url, "bytes")); !errors.Is(err, compute.ErrPermanent) {
			t.Errorf("%q was fetched to %s (%v)", url, path, err)
		}
	}
	bad := ref("http://127.0.0.1:1/", "bytes")
	bad.Format = "../../x"
	if _, err := c.Fetch(t.Context(), bad); !errors.Is(err, compute.ErrPermanent) {
		t.Errorf("a format that leads elsewhere: %v", err)
	}
}

func TestBytesOnThisMachineAreNotDownloaded(t *testing.T) {
	local := filepath.Join(t.TempDir(), "blob")
	if err := os.WriteFile(local, []byte("bytes"), 0o400); err != nil {
		t.Fatal(err)
	}
	url, asked := serve(t, says("bytes"))
	c := &Cache{Dir: t.TempDir(), Local: func(id string) (string, bool) { return local, id == "i" }}
	path, err := c.Fetch(t.Context(), ref(url, "bytes"))
	if got, _ := os.ReadFile(path); err != nil || string(got) != "bytes" || asked.Load() != 0 {
		t.Fatalf("fetched %q, %v, with %d downloads", got, err, asked.Load())
	}
}

func TestTheLeastRecentlyUsedGoesUnlessADiskLiesUponIt(t *testing.T) {
	c := &Cache{Dir: t.TempDir(), MaxBytes: 10}
	long := time.Now().Add(-time.Hour)
	fetch := func(content string, age time.Duration) string {
		url, _ := serve(t, says(content))
		path, err := c.Fetch(t.Context(), ref(url, content))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, long.Add(-age), long.Add(-age)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	oldest, older := fetch("aaaa", 2*time.Hour), fetch("bbbb", time.Hour)
	c.InUse = func(path string) bool { return path == oldest }
	fetch("cccc", 0)
	if _, err := os.Stat(oldest); err != nil {
		t.Fatalf("what is in use was evicted: %v", err)
	}
	if _, err := os.Stat(older); err == nil {
		t.Fatal("what was used longest ago and isn't in use is still there")
	}
	c.InUse = func(string) bool { return true }
	url, _ := serve(t, says("dddd"))
	if _, err := c.Fetch(t.Context(), ref(url, "dddd")); err == nil || errors.Is(err, compute.ErrPermanent) {
		t.Fatalf("with everything in use: %v; want an error that may pass", err)
	}
}

func TestWhoGivesUpDoesNotWait(t *testing.T) {
	release := make(chan struct{})
	url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		<-release
		w.Write([]byte("bytes"))
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := &Cache{Dir: t.TempDir()}
	if _, err := c.Fetch(ctx, ref(url, "bytes")); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want %v", err, context.Canceled)
	}
	close(release)
	if _, err := c.Fetch(t.Context(), ref(url, "bytes")); err != nil {
		t.Fatal(err)
	}
}

package netdev

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

const namespaceDir = "/run/netns" // where `ip netns` looks

// inNamespace calls fn on a thread that is in the named network namespace, the
// process's own for "". Sockets opened by fn stay in it for ever.
func inNamespace(name string, fn func() error) error {
	done := make(chan error, 1)
	go func() { done <- onThread(name, fn) }()
	return <-done
}

// onThread gives its thread back only if it is where it was; otherwise the
// thread ends with the goroutine.
func onThread(name string, fn func() error) error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		return fmt.Errorf("network namespace: %w", err)
	}
	defer func() {
		if netns.Set(home) == nil {
			runtime.UnlockOSThread()
		}
		_ = home.Close()
	}()
	if name == "" {
		return fn()
	}
	away, err := netns.GetFromName(name)
	if err != nil {
		return fmt.Errorf("network namespace %s: %w", name, err)
	}
	defer func() { _ = away.Close() }()
	if err := netns.Set(away); err != nil {
		return fmt.Errorf("network namespace %s: %w", name, err)
	}
	return fn()
}

// ensureNamespace makes the named namespace unless it is there. A file of that
// name that is no namespace is what a crash left, and goes.
func ensureNamespace(name string) error {
	if name != filepath.Base(name) || len(name) > 200 || name == "." || name == ".." {
		return fmt.Errorf("%q is no name for a network namespace", name)
	}
	path := filepath.Join(namespaceDir, name)
	var st unix.Statfs_t
	switch err := unix.Statfs(path, &st); {
	case err == nil && st.Type == unix.NSFS_MAGIC:
		return nil
	case err == nil:
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("network namespace %s: %w", name, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("network namespace %s: %w", name, err)
	}
	return inNamespace("", func() error {
		home, err := netns.Get()
		if err != nil {
			return err
		}
		defer func() { _ = home.Close() }()
		if err := shareNamespaces(); err != nil {
			return err
		}
		made, err := netns.NewNamed(name) // the thread is in it now
		if err != nil {
			return errors.Join(fmt.Errorf("network namespace %s: %w", name, err), netns.Set(home))
		}
		_ = made.Close()
		return netns.Set(home)
	})
}

// shareNamespaces makes the folder of namespaces a mount point of its own, as
// `ip netns add` does when it finds that it isn't: what it mounts over them later
// would hide ours, and they could not be removed any more.
func shareNamespaces() error {
	if err := os.MkdirAll(namespaceDir, 0o755); err != nil {
		return err
	}
	dir, err := os.Open(namespaceDir)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX); err != nil { // others look for it at the same time, `ip` too
		return fmt.Errorf("lock %s: %w", namespaceDir, err)
	}
	share := func() error { return unix.Mount("", namespaceDir, "none", unix.MS_SHARED|unix.MS_REC, "") }
	if err := share(); !errors.Is(err, unix.EINVAL) {
		return wrapMount(err)
	}
	if err := unix.Mount(namespaceDir, namespaceDir, "none", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return wrapMount(err)
	}
	return wrapMount(share())
}

func wrapMount(err error) error {
	if err != nil {
		return fmt.Errorf("share %s: %w", namespaceDir, err)
	}
	return nil
}

func removeNamespace(name string) error {
	err := netns.DeleteNamed(name)
	if errors.Is(err, unix.EINVAL) { // no mount: a file that a crash left
		err = os.Remove(filepath.Join(namespaceDir, name))
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("network namespace %s: %w", name, err)
}

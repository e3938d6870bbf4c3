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
		made, err := netns.NewNamed(name) // the thread is in it now
		if err != nil {
			return errors.Join(fmt.Errorf("network namespace %s: %w", name, err), netns.Set(home))
		}
		_ = made.Close()
		return netns.Set(home)
	})
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

// Package imagestore keeps image bytes as files of a folder. A file appears
// under its name whole or not at all, on disk for good, and never changes. The
// store knows nothing of images: names are given, and what may go is told.
package imagestore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// reserve is how many bytes of the disk images leave free: the log is on it too,
// and a cloud that can't write its log stands still.
const reserve = 1 << 30

// checkEvery is after how many bytes written the free space is looked at again.
const checkEvery = 64 << 20

// Store is a folder of image bytes.
type Store struct{ dir string }

// Open opens the folder, making it where it isn't there, and removes what an
// earlier process left half written.
func Open(dir string) (*Store, error) {
	s := &Store{dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("image store: %w", err)
	}
	return s, s.each(func(name string) error {
		if strings.HasSuffix(name, partial) {
			return os.Remove(filepath.Join(dir, name))
		}
		return nil
	})
}

const partial = ".part"

// Save writes all that can be read under a name. After an error there is
// nothing under it. A full disk is syscall.ENOSPC.
func (s *Store) Save(name string, from io.Reader) error {
	return s.Create(name, func(path string) error {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("image store: %w", err)
		}
		return errors.Join(s.fill(f, from), f.Close())
	})
}

// Create files under a name what write makes at a path. After an error there is
// nothing under it.
func (s *Store) Create(name string, write func(path string) error) (err error) {
	path, err := s.path(name)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path + partial); err == nil {
		return fmt.Errorf("image store: %s is being written: %w", name, fs.ErrExist)
	}
	defer func() {
		if err != nil {
			if e := os.Remove(path + partial); !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}()
	if err = write(path + partial); err != nil {
		return err
	}
	if err = seal(path + partial); err != nil {
		return err
	}
	if err = os.Link(path+partial, path); err != nil { // unlike a rename, never over another
		return fmt.Errorf("image store: %w", err)
	}
	if err = os.Remove(path + partial); err != nil {
		return fmt.Errorf("image store: %w", err)
	}
	return s.sync()
}

// seal makes a file durable, and one that isn't written any more.
func seal(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("image store: %w", err)
	}
	return errors.Join(f.Chmod(0o400), f.Sync(), f.Close())
}

func (s *Store) fill(f *os.File, from io.Reader) error {
	for {
		var disk unix.Statfs_t
		if err := unix.Fstatfs(int(f.Fd()), &disk); err != nil {
			return fmt.Errorf("image store: %w", err)
		}
		if int64(disk.Bavail)*disk.Bsize < reserve+checkEvery {
			return fmt.Errorf("image store: less than %d bytes would be left: %w", int64(reserve), syscall.ENOSPC)
		}
		n, err := io.CopyN(f, from, checkEvery)
		if err == io.EOF && n < checkEvery {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// sync makes the folder's entries durable.
func (s *Store) sync() error {
	d, err := os.Open(s.dir)
	if err != nil {
		return fmt.Errorf("image store: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open opens what is under a name, for reading. What isn't there is fs.ErrNotExist.
func (s *Store) Open(name string) (io.ReadSeekCloser, error) {
	path, err := s.path(name)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// Remove removes what is under a name. What isn't there is no error.
func (s *Store) Remove(name string) error {
	path, err := s.path(name)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("image store: %w", err)
	}
	return nil
}

// Path is the file of a name, for those on this machine; it mustn't be written.
func (s *Store) Path(name string) (string, bool) {
	path, err := s.path(name)
	if err != nil {
		return "", false
	}
	_, err = os.Stat(path)
	return path, err == nil
}

// Sweep removes everything that nobody keeps, and tells how much that was. It
// is for the start, when no upload is under way here.
func (s *Store) Sweep(keep func(name string) bool) (removed int, err error) {
	err = s.each(func(name string) error {
		if strings.HasSuffix(name, partial) || keep(name) {
			return nil
		}
		removed++
		return s.Remove(name)
	})
	return removed, err
}

func (s *Store) each(do func(name string) error) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("image store: %w", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if err := do(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

// path is where a name's file is. Names are UUIDs, which can't lead elsewhere.
func (s *Store) path(name string) (string, error) {
	if id, err := uuid.Parse(name); err != nil || id.String() != name {
		return "", fmt.Errorf("image store: %q is no name", name)
	}
	return filepath.Join(s.dir, name), nil
}

package keystore

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// ErrForgotten says that the key with which something was sealed is gone.
var ErrForgotten = errors.New("the key was thrown away")

// envelopeFormat begins every envelope.
const envelopeFormat = 1

// maxProjects is how many projects' keys are kept in memory.
const maxProjects = 10_000

// projectID is what the id of a project, or whoever else has a key, may look
// like: it names a file.
var projectID = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$`)

// Seal encrypts something for a project. Only with this project's name can it be
// opened again. The first one makes the project's key.
func (s *Store) Seal(project string, plaintext []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.key(project, true)
	if err != nil {
		return nil, err
	}
	envelope := append([]byte{envelopeFormat}, k.id[:]...)
	head := len(envelope)
	envelope = append(envelope, make([]byte, k.aead.NonceSize())...)
	rand.Read(envelope[head:])
	return k.aead.Seal(envelope, envelope[head:], plaintext, []byte(project)), nil
}

// Open decrypts what was sealed for a project. It returns ErrForgotten where the
// key is gone.
func (s *Store) Open(project string, envelope []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.key(project, false)
	if err != nil {
		return nil, err
	}
	n := 1 + idSize + k.aead.NonceSize()
	if len(envelope) < n || envelope[0] != envelopeFormat {
		return nil, errors.New("not an envelope")
	}
	if [idSize]byte(envelope[1:]) != k.id {
		return nil, ErrForgotten
	}
	plaintext, err := k.aead.Open(nil, envelope[1+idSize:n], envelope[n:], []byte(project))
	if err != nil {
		return nil, fmt.Errorf("open an envelope of project %s: %w", project, err)
	}
	return plaintext, nil
}

// Forget throws a project's key away. What was sealed with it is lost.
func (s *Store) Forget(project string) error {
	if !projectID.MatchString(project) {
		return fmt.Errorf("no project has the id %q", project)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.projects, project)
	path := s.path(project)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("key store: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// Owners lists whose keys were made before a time.
func (s *Store) Owners(before time.Time) (owners []string, err error) {
	files, err := os.ReadDir(filepath.Join(s.dir, "projects"))
	if err != nil {
		return nil, fmt.Errorf("key store: %w", err)
	}
	for _, f := range files {
		made, err := f.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist): // thrown away meanwhile
		case err != nil:
			return nil, fmt.Errorf("key store: %w", err)
		case projectID.MatchString(f.Name()) && made.ModTime().Before(before):
			owners = append(owners, f.Name())
		}
	}
	return owners, nil
}

func (s *Store) path(project string) string { return filepath.Join(s.dir, "projects", project) }

// key returns a project's key, from memory, from its file or, where that may be, a new one.
func (s *Store) key(project string, mayMake bool) (*key, error) {
	if k, ok := s.projects[project]; ok {
		return k, nil
	}
	if !projectID.MatchString(project) {
		return nil, fmt.Errorf("no project has the id %q", project)
	}
	found, err := read(s.path(project))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 && !mayMake {
		return nil, ErrForgotten
	}
	if len(found) == 0 {
		made, err := newKey()
		if err != nil {
			return nil, err
		}
		if err := write(s.path(project), made.raw()); err != nil {
			return nil, err
		}
		found = []*key{made}
	}
	if len(s.projects) >= maxProjects {
		clear(s.projects) // they are read again from their files
	}
	s.projects[project] = found[0]
	return found[0], nil
}

package keystore

import (
	"path/filepath"
)

// Named returns the secret of this name, such as the one that hides places in
// the log; it is made when it is first asked for, and never changes.
func (s *Store) Named(name string) ([keySize]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := filepath.Join(s.dir, "named-"+name)
	keys, err := read(path)
	if err != nil {
		return [keySize]byte{}, err
	}
	if len(keys) > 0 {
		return keys[0].secret, nil
	}
	k, err := newKey()
	if err != nil {
		return [keySize]byte{}, err
	}
	return k.secret, write(path, k.raw())
}

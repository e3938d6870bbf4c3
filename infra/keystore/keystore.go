// Package keystore keeps the keys that must not be in the log: those that seal
// tokens, and one per project that seals what the log holds of it in secret.
// Who throws a project's key away makes all that was sealed with it unreadable
// for ever, in the log, its archive and its snapshots alike.
//
// Keys are files below one folder, readable by their owner only. A file is
// written whole or not at all, and is durable before it is used.
package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/renameio/v2"
)

const (
	folderMode = 0o700
	fileMode   = 0o600
	keySize    = 32 // AES-256
	idSize     = 4
)

// Store is the keys below one folder.
type Store struct {
	dir      string
	tokens   *Tokens
	mu       sync.Mutex
	projects map[string]*key // those used lately
}

// key is one AES-256 key with its name.
type key struct {
	id     [idSize]byte
	secret [keySize]byte
	aead   cipher.AEAD
}

// Open opens the keys below dir and makes what is missing at the first start.
// Files that others may read are refused.
func Open(dir string) (*Store, error) {
	for _, d := range []string{dir, filepath.Join(dir, "projects")} {
		if err := os.MkdirAll(d, folderMode); err != nil {
			return nil, fmt.Errorf("key store: %w", err)
		}
		if err := private(d); err != nil {
			return nil, err
		}
	}
	tokens, err := openTokens(dir)
	if err != nil {
		return nil, err
	}
	return &Store{dir: dir, tokens: tokens, projects: map[string]*key{}}, nil
}

// Tokens are the keys that seal tokens.
func (s *Store) Tokens() *Tokens { return s.tokens }

// private refuses what others than the owner may read or write.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("key store: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("key store: %s may be read by others (mode %o): chmod go-rwx it", path, mode)
	}
	return nil
}

func newKey() (*key, error) {
	var raw [idSize + keySize]byte
	rand.Read(raw[:])
	return keyOf(raw[:])
}

// keyOf makes a key of its bytes: the id, then the secret.
func keyOf(raw []byte) (*key, error) {
	if len(raw) != idSize+keySize {
		return nil, fmt.Errorf("a key of %d bytes", len(raw))
	}
	k := &key{id: [idSize]byte(raw), secret: [keySize]byte(raw[idSize:])}
	block, err := aes.NewCipher(k.secret[:])
	if err != nil {
		return nil, err
	}
	k.aead, err = cipher.NewGCM(block)
	return k, err
}

func (k *key) raw() []byte { return append(k.id[:], k.secret[:]...) }

// write makes a file durable: its bytes first, then its name.
func write(path string, data []byte) error {
	if err := renameio.WriteFile(path, data, fileMode); err != nil {
		return fmt.Errorf("key store: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("key store: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// read returns the keys in a file, none if there is no such file.
func read(path string) ([]*key, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("key store: %w", err)
	}
	if err := private(path); err != nil {
		return nil, err
	}
	const size = idSize + keySize
	if len(data) == 0 || len(data)%size != 0 {
		return nil, fmt.Errorf("key store: %s is damaged", path)
	}
	var all []*key
	for len(data) > 0 {
		k, err := keyOf(data[:size])
		if err != nil {
			return nil, fmt.Errorf("key store: %s: %w", path, err)
		}
		all, data = append(all, k), data[size:]
	}
	return all, nil
}

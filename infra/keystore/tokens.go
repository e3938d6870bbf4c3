package keystore

import (
	"bytes"
	"crypto/rand"
	"path/filepath"
	"sync/atomic"
)

// Tokens seals and opens tokens with the newest of a few keys. It may be used
// from many goroutines.
type Tokens struct {
	path string
	keys atomic.Pointer[[]*key] // the newest first
}

// maxTokenKeys is how many keys are kept: tokens sealed with one before are void.
const maxTokenKeys = 3

// tokenFormat begins every token, so that it is seen to be one: it is printed as "gAAA".
var tokenFormat = []byte{0x80, 0, 0}

func openTokens(dir string) (*Tokens, error) {
	t := &Tokens{path: filepath.Join(dir, "tokens")}
	keys, err := read(t.path)
	if err != nil {
		return nil, err
	}
	t.keys.Store(&keys)
	if len(keys) == 0 {
		return t, t.Rotate()
	}
	return t, nil
}

// Rotate makes a new key, with which tokens are sealed from now on. Those sealed
// with the few keys before it can still be opened.
func (t *Tokens) Rotate() error {
	k, err := newKey()
	if err != nil {
		return err
	}
	keys := append([]*key{k}, *t.keys.Load()...)
	if len(keys) > maxTokenKeys {
		keys = keys[:maxTokenKeys]
	}
	var file []byte
	for _, k := range keys {
		file = append(file, k.raw()...)
	}
	if err := write(t.path, file); err != nil {
		return err
	}
	t.keys.Store(&keys)
	return nil
}

// Seal encrypts a token's content and appends it to b.
func (t *Tokens) Seal(b, content []byte) []byte {
	k := (*t.keys.Load())[0]
	b = append(append(b, tokenFormat...), k.id[:]...)
	head := len(b)
	b = append(b, make([]byte, k.aead.NonceSize())...)
	rand.Read(b[head:])
	return k.aead.Seal(b, b[head:], content, nil)
}

// Open appends the content of a sealed token to b, unless it wasn't sealed here or was changed since.
func (t *Tokens) Open(b, sealed []byte) ([]byte, bool) {
	rest, ok := bytes.CutPrefix(sealed, tokenFormat)
	if !ok || len(rest) < idSize {
		return nil, false
	}
	for _, k := range *t.keys.Load() {
		if k.id != [idSize]byte(rest) {
			continue
		}
		rest = rest[idSize:]
		n := k.aead.NonceSize()
		if len(rest) < n {
			return nil, false
		}
		content, err := k.aead.Open(b, rest[:n], rest[n:], nil)
		return content, err == nil
	}
	return nil, false
}

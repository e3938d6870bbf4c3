package keystore

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Tokens seals and opens tokens with the newest of a few keys. It may be used
// from many goroutines.
type Tokens struct {
	path string
	keys atomic.Pointer[[]*key] // the newest first

	looked atomic.Int64 // when the file was last looked at
	mu     sync.Mutex   // of what follows
	was    time.Time    // the file's own time then
}

// maxTokenKeys is how many keys are kept: tokens sealed with one before are void. Tokens live for
// an hour, so that they outlive all but a rotation every few minutes.
const maxTokenKeys = 8

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

// lookEvery is how often the file is looked at: another process may have rotated the keys.
const lookEvery = time.Second

// current is the keys as they are now.
func (t *Tokens) current() []*key {
	if now := time.Now().UnixNano(); now-t.looked.Load() > int64(lookEvery) && t.mu.TryLock() {
		defer t.mu.Unlock()
		t.looked.Store(now)
		t.reload()
	}
	return *t.keys.Load()
}

// reload reads the file again if it has changed. One that can't be read changes nothing.
func (t *Tokens) reload() {
	info, err := os.Stat(t.path)
	if err != nil || info.ModTime().Equal(t.was) {
		return
	}
	if keys, err := read(t.path); err == nil && len(keys) > 0 {
		t.keys.Store(&keys)
		t.was = info.ModTime()
	}
}

// Rotate makes a new key, with which tokens are sealed from now on. Those sealed
// with the few keys before it can still be opened.
func (t *Tokens) Rotate() error { return t.rotate(maxTokenKeys) }

// Renew makes a new key and throws all others away, and with them every token there is: for when
// a key has come to be known.
func (t *Tokens) Renew() error { return t.rotate(1) }

func (t *Tokens) rotate(keep int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, err := newKey()
	if err != nil {
		return err
	}
	keys := append([]*key{k}, *t.keys.Load()...)
	if len(keys) > keep {
		keys = keys[:keep]
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
	k := t.current()[0]
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
	for _, k := range t.current() {
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

package keystore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTokensOutliveARestartAndARotationButNotManyRotations(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	sealed := open(t, dir).Tokens().Seal(nil, []byte("ada"))
	s := open(t, dir)
	for n := range maxTokenKeys {
		got, ok := s.Tokens().Open(nil, sealed)
		if !ok || string(got) != "ada" {
			t.Fatalf("after %d rotations: %q, %v", n, got, ok)
		}
		if err := s.Tokens().Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := s.Tokens().Open(nil, sealed); ok {
		t.Fatal("a token of a key that was thrown away can still be opened")
	}
}

func TestARunningStoreTakesUpKeysThatAnotherProcessMade(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	running := open(t, dir).Tokens()
	before := running.Seal(nil, []byte("ada"))
	another := open(t, dir).Tokens()
	if err := another.Rotate(); err != nil {
		t.Fatal(err)
	}
	running.looked.Store(0) // as if a second had passed
	if got, ok := running.Open(nil, another.Seal(nil, []byte("bob"))); !ok || string(got) != "bob" {
		t.Fatalf("what the new key sealed opens as %q, %v", got, ok)
	}
	if _, ok := running.Open(nil, before); !ok {
		t.Fatal("a token of the former key is void")
	}
	if err := another.Renew(); err != nil {
		t.Fatal(err)
	}
	running.looked.Store(0)
	if _, ok := running.Open(nil, before); ok {
		t.Fatal("a token outlives that all keys were thrown away")
	}
}

func TestAChangedTokenIsNotOpened(t *testing.T) {
	t.Parallel()
	tokens := open(t, filepath.Join(t.TempDir(), "keys")).Tokens()
	sealed := tokens.Seal(nil, []byte("ada"))
	for i := range sealed {
		forged := bytes.Clone(sealed)
		forged[i] ^= 1
		if _, ok := tokens.Open(nil, forged); ok {
			t.Errorf("with byte %d changed it is opened", i)
		}
		if _, ok := tokens.Open(nil, sealed[:i]); ok {
			t.Errorf("cut to %d bytes it is opened", i)
		}
	}
}

func TestWhatIsSealedForAProjectIsReadableUntilItsKeyIsForgotten(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	s := open(t, dir)
	envelope, err := s.Seal("p1", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if got, err := s.Open("p1", envelope); err != nil || string(got) != "secret" {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := s.Seal("p2", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open("p2", envelope); err == nil {
		t.Fatal("another project can open it")
	}
	if owners, err := s.Owners(time.Now().Add(time.Hour)); err != nil || !slices.Contains(owners, "p1") {
		t.Errorf("keys are those of %v, %v", owners, err)
	}
	if owners, err := s.Owners(time.Now().Add(-time.Hour)); err != nil || len(owners) > 0 {
		t.Errorf("an hour ago there were keys of %v, %v", owners, err)
	}
	if err := s.Forget("p1"); err != nil {
		t.Fatal(err)
	}
	for _, again := range []*Store{s, open(t, dir)} {
		if _, err := again.Open("p1", envelope); !errors.Is(err, ErrForgotten) {
			t.Fatalf("after its key was forgotten: %v", err)
		}
	}
	if _, err := s.Seal("p1", []byte("new")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open("p1", envelope); !errors.Is(err, ErrForgotten) {
		t.Fatalf("a new key opens what the forgotten one sealed: %v", err)
	}
}

func TestAProjectCannotNameAFileElsewhere(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "keys"))
	for _, id := range []string{"", "..", "../tokens", "a/b", ".hidden", "a\x00b"} {
		if _, err := s.Seal(id, nil); err == nil {
			t.Errorf("%q got a key", id)
		}
		if err := s.Forget(id); err == nil {
			t.Errorf("%q was forgotten", id)
		}
	}
}

func TestKeysThatOthersMayReadAreRefused(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	open(t, dir)
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "projects"): 0o700, filepath.Join(dir, "tokens"): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Fatalf("%s has mode %v, %v", path, info.Mode(), err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "tokens"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil {
		t.Fatal("a key file that all may read is used")
	}
}

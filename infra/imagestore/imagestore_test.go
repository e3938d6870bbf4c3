package imagestore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

const name, other = "6a1f2d3c-0000-4000-8000-000000000001", "6a1f2d3c-0000-4000-8000-000000000002"

func open(t *testing.T) (*Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "images")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func files(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestWhatIsSavedIsReadAgain(t *testing.T) {
	s, _ := open(t)
	if err := s.Save(name, strings.NewReader("bytes")); err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, _ := io.ReadAll(r); string(got) != "bytes" {
		t.Fatalf("read %q, want %q", got, "bytes")
	}
}

func TestAFailedSaveLeavesNothing(t *testing.T) {
	s, dir := open(t)
	broken := errors.New("the client went away")
	err := s.Save(name, io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Fatalf("saved with %v, want %v", err, broken)
	}
	if n := files(t, dir); n != 0 {
		t.Fatalf("%d files are left", n)
	}
}

func TestBytesNeverTakeTheNameOfOthers(t *testing.T) {
	s, _ := open(t)
	if err := s.Save(name, strings.NewReader("first")); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(name, strings.NewReader("second")); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("the second save: %v, want %v", err, fs.ErrExist)
	}
}

func TestOnlyUUIDsAreNames(t *testing.T) {
	s, dir := open(t)
	for _, bad := range []string{"", ".", "..", "../x", "/etc/passwd", name + "/../x", strings.ToUpper(name), "{" + name + "}", name + ".part"} {
		if err := s.Save(bad, strings.NewReader("x")); err == nil {
			t.Errorf("saved under %q", bad)
		}
		if _, err := s.Open(bad); err == nil {
			t.Errorf("opened %q", bad)
		}
		if err := s.Remove(bad); err == nil {
			t.Errorf("removed %q", bad)
		}
	}
	if n := files(t, dir); n != 0 {
		t.Fatalf("%d files are left", n)
	}
}

func TestTheStartRemovesWhatNobodyKeepsAndWhatIsHalfWritten(t *testing.T) {
	s, dir := open(t)
	for _, n := range []string{name, other} {
		if err := s.Save(n, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, other+partial), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	removed, err := s.Sweep(func(n string) bool { return n == name })
	if err != nil || removed != 1 || files(t, dir) != 1 {
		t.Fatalf("removed %d (%v), %d files are left; want 1 and 1", removed, err, files(t, dir))
	}
	if _, ok := s.Path(name); !ok {
		t.Fatal("what is kept is gone")
	}
}

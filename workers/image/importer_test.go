package image

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/image"
	"skylog/events"
	evt "skylog/events/image"
	"skylog/projections"
	view "skylog/projections/image"
)

const disk = "bytes of a disk"

// shelf is a store in memory. At the step of fails it fails once.
type shelf struct {
	mu    sync.Mutex
	bytes map[string]string
	fails *int
}

var errStep = errors.New("this step fails")

// step counts down to the failure.
func (s *shelf) step() error {
	if *s.fails--; *s.fails == 0 {
		return errStep
	}
	return nil
}

func (s *shelf) Save(name string, from io.Reader) error {
	data, err := io.ReadAll(from)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err = errors.Join(err, s.step()); err != nil {
		return err
	}
	if _, taken := s.bytes[name]; taken {
		return fs.ErrExist
	}
	s.bytes[name] = string(data)
	return nil
}

func (s *shelf) Open(name string) (io.ReadSeekCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.bytes[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return struct {
		io.ReadSeeker
		io.Closer
	}{strings.NewReader(data), io.NopCloser(nil)}, s.step()
}

func (s *shelf) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.bytes, name)
	return nil
}

// looked is an inspection that finds what it is told.
type looked struct{ strings.Builder }

func (l *looked) Sums() (int64, string, string) { return int64(l.Len()), "md5", "sha:" + l.String() }
func (l *looked) Verdict() (string, int64, error) {
	if l.String() == "bad" {
		return "", 0, errors.New("is bad")
	}
	return "raw", int64(l.Len()), nil
}

// bench is an importer on a world that is folded by hand, with the deciders'
// part played by the test.
type bench struct {
	*testing.T
	*Importer
	world                 *projections.World
	fails                 int
	local, second, staged *shelf
	told                  []commands.Command
}

func newBench(t *testing.T, method string) *bench {
	b := &bench{T: t, world: projections.New()}
	b.local, b.second, b.staged = b.shelf(), b.shelf(), b.shelf()
	b.fold(evt.ImageCreated{ID: "i1", OwnerID: "p", DiskFormat: "raw", ContainerFormat: "bare"})
	switch method {
	case fromStaging:
		b.staged.bytes["u1"] = disk
		b.fold(evt.ImageStagingStarted{ID: "i1", Upload: "u1"}, evt.ImageStaged{ID: "i1", Upload: "u1", SizeBytes: int64(len(disk))})
	case fromStore:
		b.local.bytes["u1"] = disk
		b.fold(evt.ImageUploaded{ID: "i1", Upload: "u1", SizeBytes: int64(len(disk)), SHA512: "sha:" + disk})
	}
	stores := []string{"local", "second"}
	if method == fromStore {
		stores = stores[1:]
	}
	b.fold(evt.ImportRequested{TaskID: "t1", ImageID: "i1", Method: method, Stores: stores, AllMustSucceed: true, Sealed: []byte("http://x")})
	b.Importer = &Importer{Now: func() *projections.World { return b.world }, Do: b.do, Stores: map[string]Store{"local": b.local, "second": b.second}, Staging: b.staged,
		Inspect: func(string, string) Inspection { return &looked{} },
		Download: func(context.Context, string) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(disk)), nil
		},
		Unseal:   func(_ string, sealed []byte) ([]byte, error) { return sealed, nil },
		MaxBytes: 100, MaxVirtualBytes: 100, ProjectBytes: 100, Clock: func() time.Time { return time.Time{} }, Logger: slog.New(slog.DiscardHandler)}
	return b
}

func (b *bench) shelf() *shelf { return &shelf{bytes: map[string]string{}, fails: &b.fails} }

func (b *bench) fold(facts ...events.Event) {
	b.world.Facts(facts, events.Meta{Seq: 1})
}

func (b *bench) do(_ context.Context, cs ...commands.Command) (*projections.World, error) {
	b.told = append(b.told, cs...)
	if b.fails--; b.fails == 0 {
		return nil, commands.ErrUndecided
	}
	return b.world, nil
}

func (b *bench) task() view.Task {
	t, _ := b.world.Image.Tasks.Get("t1")
	return t
}

// ended checks that the last thing told is the import's end, and what it left.
func (b *bench) ended(method string) {
	b.Helper()
	if _, ok := b.told[len(b.told)-1].(cmd.FinishImport); !ok {
		b.Fatalf("told %+v at last", b.told[len(b.told)-1])
	}
	name := "t1"
	if method == fromStore {
		name = "u1"
	}
	if b.local.bytes[name] != disk || b.second.bytes[name] != disk || len(b.local.bytes)+len(b.second.bytes) != 2 || len(b.staged.bytes) != 0 {
		b.Errorf("left %v, %v and staged %v", b.local.bytes, b.second.bytes, b.staged.bytes)
	}
}

func TestEveryStepOfAnImportMayFailOnceOrBeDoneTwice(t *testing.T) {
	for _, method := range []string{fromStaging, fromWeb, fromStore} {
		for step := 1; ; step++ {
			b := newBench(t, method)
			b.fails = step
			settled := b.work(t.Context(), b.task())
			if b.fails > 0 { // there are no more steps
				b.ended(method)
				break
			}
			last := b.told[len(b.told)-1]
			if _, failed := last.(cmd.FailImport); failed && settled {
				if len(b.second.bytes) != 0 || len(b.staged.bytes) != 0 || method != fromStore && len(b.local.bytes) != 0 {
					t.Errorf("%s, step %d: what failed left %v, %v and staged %v", method, step, b.local.bytes, b.second.bytes, b.staged.bytes)
				}
				continue
			}
			if !b.work(t.Context(), b.task()) { // it isn't known what came of it: it is done again
				t.Errorf("%s, step %d: doing it again doesn't end it: %+v", method, step, b.told)
			}
			b.ended(method)
			if step > 20 {
				t.Fatal("an import never ends")
			}
		}
	}
}

func TestAnImportTellsWhyItFails(t *testing.T) {
	for why, prepare := range map[string]func(b *bench){
		"Image is bad": func(b *bench) { b.staged.bytes["u1"] = "bad" },
		"The incoming image is too large: an image may have 5 bytes.": func(b *bench) { b.MaxBytes = 5 },
		"The disk of the image would have 15 bytes; 5 are allowed.":   func(b *bench) { b.MaxVirtualBytes = 5 },
		"There is no store second any more.":                          func(b *bench) { delete(b.Stores, "second") },
		"Something went wrong here; the operators' log says what.":    func(b *bench) { delete(b.staged.bytes, "u1") },
	} {
		b := newBench(t, fromStaging)
		prepare(b)
		b.work(t.Context(), b.task())
		if failed, ok := b.told[len(b.told)-1].(cmd.FailImport); !ok || failed.Reason != why {
			t.Errorf("told %+v, want %q", b.told[len(b.told)-1], why)
		}
	}
}

func TestBytesThatChangedOnTheWayAreNotTheImages(t *testing.T) {
	b := newBench(t, fromStore)
	b.local.bytes["u1"] = "rotten"
	b.work(t.Context(), b.task())
	if _, failed := b.told[len(b.told)-1].(cmd.FailImport); !failed || len(b.second.bytes) != 0 {
		t.Errorf("told %+v and copied %v", b.told[len(b.told)-1], b.second.bytes)
	}
}

func TestStagedBytesThatNobodyImportsGo(t *testing.T) {
	b := newBench(t, fromStaging)
	b.heed(evt.ImageUploadFailed{ID: "i1", Upload: "u1"}, func() {})
	if len(b.staged.bytes) != 0 {
		t.Errorf("%v is left", b.staged.bytes)
	}
}

func TestAnImportedDiskIsBroughtIntoTheCloudsFormat(t *testing.T) {
	b := newBench(t, fromStaging)
	b.ConvertTo = "qcow2"
	b.Convert = func(_ context.Context, name, format, as string, _ int64) error {
		if name != "u1" || format != "raw" {
			t.Errorf("%s, a %s, is converted", name, format)
		}
		b.staged.bytes[as] = "converted"
		return nil
	}
	b.work(t.Context(), b.task())
	done, ok := b.told[len(b.told)-1].(cmd.FinishImport)
	if !ok || done.DiskFormat != "qcow2" || done.SHA512 != "sha:converted" || b.local.bytes["t1"] != "converted" || len(b.staged.bytes) != 0 {
		t.Errorf("told %+v, left %v and staged %v", b.told[len(b.told)-1], b.local.bytes, b.staged.bytes)
	}
	b = newBench(t, fromStaging)
	b.ConvertTo = "qcow2"
	b.Convert = func(context.Context, string, string, string, int64) error { return errStep }
	b.work(t.Context(), b.task())
	if failed, ok := b.told[len(b.told)-1].(cmd.FailImport); !ok || len(b.local.bytes)+len(b.staged.bytes) != 0 {
		t.Errorf("told %+v, left %v and staged %v", failed, b.local.bytes, b.staged.bytes)
	}
}

func TestTheBytesOfImagesThatTheCellDeletesGo(t *testing.T) {
	b := newBench(t, fromStore)
	b.staged.bytes["u2"], b.second.bytes["u1"] = "staged", "other"
	i, _ := b.world.Image.Images.Get("i1")
	gone := i.Gone()
	gone.Staged = "u2"
	b.heed(gone, func() {})
	if len(b.local.bytes) > 0 || len(b.staged.bytes) > 0 {
		t.Errorf("there is still %v and %v", b.local.bytes, b.staged.bytes)
	}
	if b.second.bytes["u1"] == "" {
		t.Error("what another store has was removed, which the image had nothing in")
	}
}

package projections

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"reflect"
	"runtime"
	"slices"
	"sync"

	"github.com/goccy/go-json"
	"github.com/klauspost/compress/zstd"

	"skylog/projections/table"
)

// FoldVersion changes whenever a build folds the same frames into other rows; a
// snapshot of another version is not read, the log is.
const FoldVersion = 7

type namedTable struct {
	name  string
	table table.Table
}

var tableType = reflect.TypeFor[table.Table]()

// tables lists all tables of the world by their place in it, such as
// "Compute.Keypairs", in a fixed order.
func (w *World) tables() []namedTable { return tablesOf("", reflect.ValueOf(w).Elem()) }

func tablesOf(prefix string, v reflect.Value) (found []namedTable) {
	for i := range v.NumField() {
		field, name := v.Field(i), prefix+v.Type().Field(i).Name
		switch {
		case !v.Type().Field(i).IsExported():
		case reflect.PointerTo(field.Type()).Implements(tableType):
			found = append(found, namedTable{name, field.Addr().Interface().(table.Table)})
		case field.Kind() == reflect.Struct && field.Type() != reflect.TypeFor[Position]():
			found = append(found, tablesOf(name+".", field)...)
		}
	}
	return found
}

type snapshotHead struct {
	Fold     int
	Position Position
}

// write writes the world's position and every row, a JSON line each, in an
// order that depends on nothing but the state.
func (w *World) write(to io.Writer) error {
	head, err := json.Marshal(snapshotHead{FoldVersion, w.Position})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(to, "%s\n", head); err != nil {
		return err
	}
	for _, t := range w.tables() {
		if _, err := fmt.Fprintf(to, "table %s %d\n", t.name, t.table.Len()); err != nil {
			return err
		}
		if err := t.table.Write(to); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	return nil
}

// StateHash is the SHA-256 of all that a world holds. It takes time in
// proportion to the world.
func (w *World) StateHash() (string, error) {
	h := sha256.New()
	buffered := bufio.NewWriterSize(h, 1<<16)
	if err := w.write(buffered); err != nil {
		return "", err
	}
	_ = buffered.Flush() // a hash takes everything
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Save writes a published world as a snapshot and returns its state hash.
func (w *World) Save(to io.Writer) (hash string, err error) {
	z, err := zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return "", err
	}
	h := sha256.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(z, h), 1<<16)
	if err := errors.Join(w.write(buffered), buffered.Flush()); err != nil {
		return "", errors.Join(err, z.Close())
	}
	hash = hex.EncodeToString(h.Sum(nil))
	if _, err := fmt.Fprintf(z, "end %s\n", hash); err != nil {
		return "", err
	}
	return hash, z.Close()
}

// OtherFold says that a snapshot was written by a build that folds otherwise.
type OtherFold struct{ Version int }

func (o OtherFold) Error() string {
	return fmt.Sprintf("snapshot of fold version %d, this build folds version %d", o.Version, FoldVersion)
}

// Load reads a snapshot that Save wrote, checks it against its own hash and
// returns the world with that hash. Its indexes are put off.
func Load(from io.Reader) (*World, string, error) {
	z, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
	if err != nil {
		return nil, "", err
	}
	defer z.Close()
	w, h := New(), sha256.New()
	lines := bufio.NewReaderSize(z, 1<<20)
	head, err := lines.ReadSlice('\n')
	if err != nil {
		return nil, "", fmt.Errorf("snapshot's head: %w", err)
	}
	h.Write(head)
	var at snapshotHead
	if err := json.Unmarshal(head, &at); err != nil {
		return nil, "", fmt.Errorf("snapshot's head: %w", err)
	}
	if at.Fold != FoldVersion {
		return nil, "", OtherFold{at.Fold}
	}
	w.Position = at.Position
	hash, err := w.loadRows(lines, h)
	if err != nil {
		return nil, "", err
	}
	return w, hash, nil
}

// rowsAtOnce is how many lines of a snapshot are parsed together.
const rowsAtOnce = 512

// chunk is lines of one table, and what they were parsed to.
type chunk struct {
	into  table.Table
	lines [][]byte
	rows  []any
	err   error
	done  chan struct{}
}

func (c *chunk) parse() {
	defer close(c.done)
	c.rows = make([]any, len(c.lines))
	var known table.Strings
	for i, line := range c.lines {
		if c.rows[i], c.err = c.into.Parse(line, &known); c.err != nil {
			return
		}
	}
}

// loadRows files the rows of a snapshot: one reads lines, several parse them, and
// one files what was parsed, in order.
func (w *World) loadRows(lines *bufio.Reader, h hash.Hash) (sum string, err error) {
	w.journal.Folding(true)
	defer w.journal.Folding(false)
	w.PutOff()
	parsed, filed := make(chan *chunk, runtime.GOMAXPROCS(0)), make(chan error, 1)
	go func() {
		var failed error
		for c := range parsed {
			if <-c.done; c.err != nil || failed != nil {
				failed = cmp.Or(failed, c.err)
				continue // the reader must not wait for ever
			}
			for _, row := range c.rows {
				c.into.Load(row)
			}
		}
		filed <- failed
	}()
	sum, err = w.readLines(lines, h, parsed)
	close(parsed)
	if err := cmp.Or(<-filed, err); err != nil {
		return "", err
	}
	return sum, nil
}

// readLines hands the rows of a snapshot on in chunks, up to its end.
func (w *World) readLines(lines *bufio.Reader, h hash.Hash, parsed chan<- *chunk) (string, error) {
	all := w.tables()
	var c *chunk
	send := func() {
		if c != nil && len(c.lines) > 0 {
			go c.parse()
			parsed <- c
			c = &chunk{into: c.into, done: make(chan struct{})}
		}
	}
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return "", fmt.Errorf("snapshot ends early: %w", err)
		}
		switch {
		case bytes.HasPrefix(line, []byte("end ")):
			send()
			said, sum := string(bytes.TrimSpace(line[4:])), hex.EncodeToString(h.Sum(nil))
			if said != sum {
				return "", fmt.Errorf("snapshot says its hash is %s, but it is %s", said, sum)
			}
			return sum, nil
		case bytes.HasPrefix(line, []byte("table ")):
			send()
			name, _, _ := bytes.Cut(line[6:], []byte(" "))
			i := slices.IndexFunc(all, func(t namedTable) bool { return t.name == string(name) })
			if i < 0 {
				return "", fmt.Errorf("snapshot has a table %q that this build doesn't", name)
			}
			c = &chunk{into: all[i].table, done: make(chan struct{})}
		case c == nil:
			return "", errors.New("snapshot has a row before its first table")
		default:
			if c.lines = append(c.lines, line); len(c.lines) == rowsAtOnce {
				send()
			}
		}
		if _, err := h.Write(line); err != nil {
			return "", err
		}
	}
}

// PutOff lets indexes and sums be until they are asked for or the world is
// published: to fold many frames is quicker so.
func (w *World) PutOff() {
	w.unsettled = true
	for _, t := range w.tables() {
		t.table.PutOff()
	}
}

// settle makes the indexes and sums that were put off, several side by side.
func (w *World) settle() {
	var side sync.WaitGroup
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, t := range w.tables() {
		t.table.Settle(func(do func()) {
			room <- struct{}{}
			side.Go(func() {
				defer func() { <-room }()
				do()
			})
		})
	}
	side.Wait()
	w.unsettled = false
}

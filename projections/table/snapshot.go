package table

import (
	"fmt"
	"io"
	"reflect"

	"github.com/goccy/go-json"
)

// Table is what a snapshot needs of a table of whatever type.
type Table interface {
	Attach(*Journal)
	Len() int
	// Write writes all rows in the order of their keys, a JSON line each.
	Write(io.Writer) error
	// Parse reads one row as Write wrote it, with the strings that are known
	// already. It may be called side by side, each with strings of its own.
	Parse(line []byte, known *Strings) (any, error)
	// Load files a row that Parse read, quickly where it stands behind all others.
	Load(row any)
	PutOff()
	Settle(each func(func()))
}

type savedRow[K comparable, S any] struct {
	K K
	S S
}

// Write writes all rows in the order of their keys, a JSON line each. The same
// rows give the same bytes, so that their hash is the hash of the state.
func (t *Of[K, S]) Write(w io.Writer) error {
	var failed error
	t.d.rows.scan(func(item any) bool {
		r := item.(*row[K, S])
		line, err := json.Marshal(savedRow[K, S]{r.k, r.s})
		if err == nil {
			_, err = w.Write(append(line, '\n'))
		}
		failed = err
		return err == nil
	})
	return failed
}

// Parse reads one row as Write wrote it, with the strings that are known
// already. It may be called side by side, each with strings of its own.
func (t *Of[K, S]) Parse(line []byte, known *Strings) (any, error) {
	var r savedRow[K, S]
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, fmt.Errorf("read a row: %w", err)
	}
	read := &row[K, S]{r.K, r.S}
	known.slim(reflect.ValueOf(&read.k))
	known.slim(reflect.ValueOf(&read.s))
	return read, nil
}

// Load files a row that Parse read, quickly where it stands behind all others.
func (t *Of[K, S]) Load(parsed any) {
	d, r := writable(t.j, &t.d), parsed.(*row[K, S])
	var was *S
	if old, ok := d.rows.load(item{hint(&r.k), r}); ok {
		was = &old.(*row[K, S]).s
	}
	d.follow(&r.k, was, &r.s)
}

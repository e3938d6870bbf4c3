package table

import (
	"fmt"
	"io"

	"github.com/goccy/go-json"
)

// Table is what a snapshot needs of a table of whatever type.
type Table interface {
	Attach(*Journal)
	Len() int
	// Write writes all rows in the order of their keys, a JSON line each.
	Write(io.Writer) error
	// Read files one row as Write wrote it.
	Read(line []byte) error
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

// Read files one row as Write wrote it.
func (t *Of[K, S]) Read(line []byte) error {
	var r savedRow[K, S]
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("read a row: %w", err)
	}
	t.Put(r.K, r.S)
	return nil
}

package cell

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/goccy/go-json"

	"skylog/events"
	"skylog/projections/public"
)

// fold adds one frame, whole or not at all.
func (h *History) fold(ctx context.Context, f events.Decoded) error {
	h.using.RLock()
	defer h.using.RUnlock()
	if h.db == nil {
		return errClosed
	}
	b := h.db.NewIndexedBatch()
	defer b.Close()
	woken := map[public.Audience]bool{}
	for i := range f.Commits {
		for n, e := range f.Facts[i] {
			at := public.Position{Seq: f.Seq, Commit: uint32(i), Event: uint32(n)}
			if err := h.add(b, e, at, woken); err != nil {
				return err
			}
		}
	}
	if f.Seq%markEvery == 1 {
		frame, err := h.log.Get(ctx, f.Seq)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(frame)
		if err := b.Set([]byte("m"), append(binary.BigEndian.AppendUint64(nil, f.Seq), sum[:]...), nil); err != nil {
			return err
		}
	}
	if err := b.Set([]byte("l"), append(binary.BigEndian.AppendUint64(nil, f.Seq), historyLayout), nil); err != nil {
		return err
	}
	if err := b.Commit(pebble.NoSync); err != nil {
		return err
	}
	h.publish(f.Seq, woken)
	return nil
}

// add files one event under its things and its audiences.
func (h *History) add(b *pebble.Batch, e events.Event, at public.Position, woken map[public.Audience]bool) error {
	about := public.Of(e)
	before, isNew, err := h.known(b, about.Subject)
	if err != nil {
		return err
	}
	now := before.with(about)
	audiences := unique([]public.Audience{public.Everything}, now.owners(), before.owners(), about.For)
	subjects := unique([]public.Subject{about.Subject, before.PartOf, now.PartOf}, about.Also)
	lines := make([]string, len(audiences))
	for i, a := range audiences {
		lines[i], woken[a] = string(a), true
		if err := b.Set(joined('a', string(a), at.Bytes()), nil, nil); err != nil {
			return err
		}
	}
	for _, s := range subjects {
		if s.ID == "" {
			continue
		}
		if err := b.Set(joined('s', s.String(), at.Bytes()), []byte(strings.Join(lines, "\n")), nil); err != nil {
			return err
		}
	}
	if about.ID == "" || now == before && !isNew {
		return nil
	}
	return h.file(b, about.Subject, now)
}

// unique lists what is in any of the lists, once.
func unique[T comparable](lists ...[]T) []T {
	var all []T
	for _, list := range lists {
		for _, one := range list {
			if !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	return all
}

// with is what is known of the thing with one event more.
func (t thing) with(about public.About) thing {
	if about.Project != "" || about.User != "" {
		t.Project, t.User = about.Project, about.User
	}
	if about.PartOf != nil {
		t.PartOf = *about.PartOf
	}
	if about.Name != "" {
		t.Name = about.Name
	}
	return t
}

// thing reads what is known of a thing now.
func (h *History) thing(s public.Subject) (thing, error) {
	h.using.RLock()
	defer h.using.RUnlock()
	if h.db == nil {
		return thing{}, errClosed
	}
	t, _, err := h.known(h.db, s)
	return t, err
}

// known reads what is known of a thing so far.
func (h *History) known(r pebble.Reader, s public.Subject) (t thing, isNew bool, err error) {
	data, err := h.get(r, []byte("t"+s.String()))
	if err != nil || data == nil {
		return thing{}, true, err
	}
	return t, false, json.Unmarshal(data, &t)
}

// file writes what is known of a thing, so that it is found by its id and its names.
func (h *History) file(b *pebble.Batch, s public.Subject, known thing) error {
	data, err := json.Marshal(known)
	if err != nil {
		return err
	}
	if err := b.Set([]byte("t"+s.String()), data, nil); err != nil {
		return err
	}
	for _, a := range append(known.owners(), public.Everything) {
		for _, name := range []string{s.ID, known.Name} {
			if name == "" || strings.Contains(name, "\x00") {
				continue
			}
			if err := b.Set(joined('n', string(a)+"\x00"+name, []byte(s.String())), nil, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// joined makes a key of its kind, the text that it belongs to, and the rest.
func joined(kind byte, text string, rest []byte) []byte {
	k := append(make([]byte, 0, 2+len(text)+len(rest)), kind)
	return append(append(append(k, text...), 0), rest...)
}

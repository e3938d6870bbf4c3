package network

import (
	"cmp"
	"strings"

	"skylog/projections/table"
)

// Spans are sets of numbers in use, one set a group, kept as spans with gaps
// between them. Taking, freeing and finding the first free number take time in
// the logarithm of the spans, however large the range and however full it is.
type Spans[T comparable] struct {
	table.Of[SpanID[T], Span[T]]
	compare    func(a, b T) int
	next, prev func(T) T
}

// SpanID is where a span begins.
type SpanID[T comparable] struct {
	Group string
	First T
}

// Span is where a span ends; the last number belongs to it.
type Span[T comparable] struct{ Last T }

func newSpans[T comparable](compare func(a, b T) int, next, prev func(T) T) Spans[T] {
	return Spans[T]{
		Of: table.New[SpanID[T], Span[T]](func(a, b SpanID[T]) int {
			return cmp.Or(strings.Compare(a.Group, b.Group), compare(a.First, b.First))
		}),
		compare: compare, next: next, prev: prev,
	}
}

// around returns the span that v is in.
func (s *Spans[T]) around(group string, v T) (first, last T, ok bool) {
	for id, span := range s.Back(SpanID[T]{group, v}) {
		if id.Group == group && s.compare(span.Last, v) >= 0 {
			return id.First, span.Last, true
		}
		break
	}
	return first, last, false
}

// InUse says whether v is taken.
func (s *Spans[T]) InUse(group string, v T) bool {
	_, _, in := s.around(group, v)
	return in
}

// FirstFree returns the lowest number from first to last, both included, that
// is not taken and that skip doesn't have.
func (s *Spans[T]) FirstFree(group string, first, last T, skip map[T]bool) (free T, ok bool) {
	for at := first; s.compare(at, last) <= 0; at = s.next(at) {
		if _, end, in := s.around(group, at); in {
			if s.compare(end, last) >= 0 {
				return free, false
			}
			at = s.next(end) // spans never touch, so this one is free
		}
		if !skip[at] {
			return at, true
		}
		if at == last { // the next one may lie behind the end of all numbers
			return free, false
		}
	}
	return free, false
}

// take puts v into the set.
func (s *Spans[T]) take(group string, v T) {
	if s.InUse(group, v) {
		return
	}
	first, last := v, v
	if f, l, ok := s.around(group, s.prev(v)); ok && s.compare(l, v) < 0 {
		first = f
	}
	if f, l, ok := s.around(group, s.next(v)); ok && s.compare(f, v) > 0 {
		last = l
		s.Delete(SpanID[T]{group, f})
	}
	s.Put(SpanID[T]{group, first}, Span[T]{last})
}

// free takes v out of the set.
func (s *Spans[T]) free(group string, v T) {
	first, last, ok := s.around(group, v)
	if !ok {
		return
	}
	if first == v {
		s.Delete(SpanID[T]{group, first})
	} else {
		s.Put(SpanID[T]{group, first}, Span[T]{s.prev(v)})
	}
	if last != v {
		s.Put(SpanID[T]{group, s.next(v)}, Span[T]{last})
	}
}

package api

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"skylog/projections/public"
)

func TestAFilterTakesTypesWholeOrByTheirBeginning(t *testing.T) {
	e := PublicEvent{Type: "compute.server.created", Subject: "compute/server/1"}
	for _, c := range []struct {
		in   followIn
		want bool
	}{
		{followIn{}, true},
		{followIn{Types: []string{"compute.server.created"}}, true},
		{followIn{Types: []string{"compute.server"}}, true},
		{followIn{Types: []string{"compute.serv"}}, false},
		{followIn{Types: []string{"network", "compute."}}, true},
		{followIn{Subject: "compute/server/1"}, true},
		{followIn{Subject: "compute/server/2", Types: []string{"compute"}}, false},
	} {
		if got := c.in.wants(&e); got != c.want {
			t.Errorf("%+v takes it: %v", c.in, got)
		}
	}
}

func TestOneUserCantTakeAllStreams(t *testing.T) {
	f := newFollowers(nil)
	for range maxStreamsOfOne {
		if !f.enter("ada") {
			t.Fatal("a stream within the limit was refused")
		}
	}
	if f.enter("ada") {
		t.Error("a stream beyond the limit was opened")
	}
	if !f.enter("bob") {
		t.Error("another user's stream was refused")
	}
	f.leave("ada")
	if !f.enter("ada") {
		t.Error("a stream that ended still counts")
	}
}

// slow takes so many bytes and then no more, as a connection whose deadline passes.
type slow struct {
	bytes.Buffer
	takes int
}

func (s *slow) Write(b []byte) (int, error) {
	if s.takes -= len(b); s.takes < 0 {
		return 0, errors.New("i/o timeout")
	}
	return s.Buffer.Write(b)
}

func TestAStalledReaderIsCutOffBehindAWholeEvent(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	produced := 0
	endless := func(yield func(PublicEvent, error) bool) {
		for ctx.Err() == nil && yield(PublicEvent{ID: "x", Type: "t", Data: []byte("{}")}, nil) {
			produced++
		}
	}
	w := &slow{takes: 1000}
	s := &eventStream{w: w, may: func() bool { return true }}
	s.run(ctx, stop, endless, func(*PublicEvent) bool { return true })
	if text := w.String(); !strings.HasSuffix(text, "\n\n") || !strings.Contains(text, "id: x\n") {
		t.Errorf("it ends in the middle: %q", text)
	}
	if written := strings.Count(w.String(), "id: x\n"); produced > written+2 {
		t.Errorf("%d events were produced for a reader who took %d", produced, written)
	}
}

func TestALogThatCantBeReadEndsTheStreamWithAReason(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	broken := func(yield func(PublicEvent, error) bool) { yield(PublicEvent{}, public.ErrBehind) }
	w := &slow{takes: 1000}
	s := &eventStream{w: w, may: func() bool { return true }}
	s.run(ctx, stop, broken, func(*PublicEvent) bool { return true })
	if !strings.Contains(w.String(), "event: end\ndata: {\"reason\":\"the log can't be read now") {
		t.Errorf("it ends with %q", w.String())
	}
}

package jetstream

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"skylog/workers"
)

// counted is an inventory that says what it was told.
type counted struct {
	read    map[string]bool
	settled chan map[string]bool
}

func (c counted) Wanted(host, kind, id string) { c.read[host+" "+kind+" "+id] = true }
func (c counted) Settle()                      { c.settled <- c.read }

func TestOfSeveralWantsOfAThingTheNewestIsLeft(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := Start(ctx, Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := Setup(ctx, s.JS); err != nil {
		t.Fatal(err)
	}
	outbox := &Outbox{JS: s.JS}
	write := func(kind, id, data string) {
		t.Helper()
		if err := outbox.Write(ctx, []workers.Want{{Host: "h", Kind: kind, ID: id, Data: []byte(data)}}); err != nil {
			t.Fatal(err)
		}
	}
	write("server", "a", "1")
	write(workers.CompleteKind, workers.CompleteID, "{}")
	settled := make(chan map[string]bool, 10)
	wants := &Wants{JS: s.JS, Parallel: 4, Resync: time.Hour, Inventory: func(context.Context) workers.Inventory {
		return counted{map[string]bool{}, settled}
	}}
	reading, stop := context.WithCancel(ctx)
	out, err := wants.Subscribe(reading, "want.>")
	if err != nil {
		t.Fatal(err)
	}
	first := <-out
	if read := <-settled; !read["h server a"] || !read["h complete cell"] || len(read) != 2 {
		t.Errorf("the inventory was told of %v", read)
	}
	write("server", "a", "2")
	write("server", "a", "3")
	select {
	case <-first.Context().Done(): // a newer one has come
	case <-ctx.Done():
		t.Fatal("a want that was replaced goes on")
	}
	write("server", "b", "1")
	if other := <-out; other.UUID != "want.h.server.b" { // all of a's have come by then
		t.Fatalf("%s came while another of it is under way", other.UUID)
	} else {
		other.Ack()
	}
	first.Ack()
	if last := <-out; string(last.Payload) != "3" {
		t.Errorf("want %s followed, not the newest", last.Payload)
	}
	stop() // one is under way still
	for range out {
		t.Error("a want came after the end")
	}
}

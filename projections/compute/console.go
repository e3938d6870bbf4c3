package compute

import (
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections/table"
)

// Consoles that a server may have.
const (
	VNC    = "vnc"
	Serial = "serial"
)

// Grant is the right to connect to a console of a server once.
type Grant struct {
	ServerID, Console string
	Until             time.Time
}

// maxGrants is how many grants of one server wait to be used; older ones lapse.
const maxGrants = 8

// Grants is the table of the consoles that may be connected to, by the hash of the token.
type Grants struct {
	table.Of[string, Grant]
	byServer table.Index[string, string, Grant]
}

func newGrants() Grants {
	t := Grants{Of: table.New[string, Grant](strings.Compare)}
	t.byServer = table.By(&t.Of, strings.Compare, func(g *Grant, emit func(string)) { emit(g.ServerID) })
	return t
}

// Apply folds one event into the table.
func (t *Grants) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ServerConsoleGranted:
		t.lapse(e.ID, m.Time)
		t.Put(e.TokenHash, Grant{e.ID, e.Console, e.Until})
	case evt.ServerConsoleOpened:
		t.Delete(e.TokenHash)
	case evt.ServerDeleted:
		t.drop(e.ID, func(Grant) bool { return true })
	}
}

// lapse drops the grants of a server that nobody can use any more, and the oldest
// of those that are too many.
func (t *Grants) lapse(server string, now time.Time) {
	count, first := 0, time.Time{}
	for _, g := range table.Each(t.byServer, &t.Of, server) {
		if count++; count == 1 || g.Until.Before(first) {
			first = g.Until
		}
	}
	t.drop(server, func(g Grant) bool { return g.Until.Before(now) || count >= maxGrants && g.Until.Equal(first) })
}

func (t *Grants) drop(server string, which func(Grant) bool) {
	var hashes []string
	for hash, g := range table.Each(t.byServer, &t.Of, server) {
		if which(g) {
			hashes = append(hashes, hash)
		}
	}
	for _, hash := range hashes {
		t.Delete(hash)
	}
}

package compute

import (
	"cmp"
	"iter"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/compute"
	"skylog/projections/table"
)

// Keypair is what is known of one key. The zero Keypair doesn't exist.
type Keypair struct {
	UserID, Name, Type, PublicKey, Fingerprint string
	// Number is the integer id that Nova's API shows beside the name.
	Number    int
	CreatedAt time.Time
}

// KeypairID is the key of a keypair's row; a name is unique to its user.
type KeypairID struct{ UserID, Name string }

func compareKeypairIDs(a, b KeypairID) int {
	return cmp.Or(strings.Compare(a.UserID, b.UserID), strings.Compare(a.Name, b.Name))
}

// Keypairs is the table of keypairs, in the order of user and name.
type Keypairs struct {
	table.Of[KeypairID, Keypair]
	perUser table.Tally[string, int, KeypairID, Keypair]
}

func newKeypairs() Keypairs {
	t := Keypairs{Of: table.New[KeypairID, Keypair](compareKeypairIDs)}
	t.perUser = table.Count(&t.Of, strings.Compare, func(k *Keypair) (string, bool) { return k.UserID, true })
	return t
}

// CountOf is how many keys a user has on file.
func (t *Keypairs) CountOf(userID string) int { return table.Total(t.perUser, &t.Of, userID) }

// OfUser goes through a user's keys in the order of their names, those behind the name given.
func (t *Keypairs) OfUser(userID, after string) iter.Seq[Keypair] {
	return func(yield func(Keypair) bool) {
		for id, k := range t.From(KeypairID{userID, after}) {
			if id.UserID != userID {
				return
			}
			if id.Name != after && !yield(k) {
				return
			}
		}
	}
}

// Apply folds one event into the table.
// m tells when, at which sequence, by whom and because of which command.
func (t *Keypairs) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.KeypairImported:
		t.Put(KeypairID{e.UserID, e.Name}, Keypair{
			UserID: e.UserID, Name: e.Name, Type: e.Type, PublicKey: e.PublicKey, Fingerprint: e.Fingerprint,
			Number: int(m.Number), CreatedAt: m.Time,
		})
	case evt.KeypairDeleted:
		t.Delete(KeypairID{e.UserID, e.Name})
	}
}

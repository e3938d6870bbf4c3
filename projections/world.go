package projections

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/google/uuid"

	"skylog/events"
	computeevt "skylog/events/compute"
	identityevt "skylog/events/identity"
	imageevt "skylog/events/image"
	networkevt "skylog/events/network"
	placementevt "skylog/events/placement"
	"skylog/projections/compute"
	"skylog/projections/identity"
	"skylog/projections/image"
	"skylog/projections/network"
	"skylog/projections/outcome"
	"skylog/projections/placement"
	"skylog/projections/table"
)

// Codec knows the events of all services.
var Codec = events.NewCodec(
	identityevt.Catalog(),
	imageevt.Catalog(),
	networkevt.Catalog(),
	computeevt.Catalog(),
	placementevt.Catalog(),
)

// World is everything known at one sequence. A published World never changes.
type World struct {
	Position
	Outcomes  outcome.Outcomes
	Identity  identity.Tables
	Image     image.Tables
	Network   network.Tables
	Compute   compute.Tables
	Placement placement.Tables

	journal   *table.Journal
	unsettled bool // indexes are put off
}

// Position is where in the log a world stands.
type Position struct {
	Seq     uint64          // of the last frame folded
	Time    time.Time       // log time of that frame
	Hash    events.Hash     // of that frame's bytes
	Epoch   uint64          // of the decider that wrote it
	Through events.Position // the last command answered
	Events  uint64          // how many events were folded since the beginning
	// Grace is until when no deadline passes: after an outage, what was done
	// meanwhile must have a chance to be reported first.
	Grace time.Time
	// Stuck counts the deciders in a row that found a command waiting and ended
	// without answering any: one that kills whoever decides it.
	Stuck int
}

// GracePeriod is how long deadlines are held back after an outage, and how long
// the log must have stood still for it to count as one.
const GracePeriod = 30 * time.Second

// New makes the empty world, before the first frame.
func New() *World {
	w := &World{
		journal:   &table.Journal{},
		Outcomes:  outcome.New(),
		Identity:  identity.New(),
		Image:     image.New(),
		Network:   network.New(),
		Compute:   compute.New(),
		Placement: placement.New(),
	}
	for _, t := range w.tables() {
		t.table.Attach(w.journal)
	}
	return w
}

// apply folds one event into every service's tables.
func (w *World) apply(e events.Event, m events.Meta) {
	w.Identity.Apply(e, m)
	w.Image.Apply(e, m)
	w.Network.Apply(e, m)
	w.Compute.Apply(e, m)
	w.Placement.Apply(e, m)
}

// Publish returns the world as it is now, never to change again.
func (w *World) Publish() *World {
	if w.unsettled {
		w.settle()
	}
	w.journal.Freeze()
	published := *w
	return &published
}

// Restore makes w what it was when the world was published that is given here.
// Only one that came from Publish of w itself will do.
func (w *World) Restore(published *World) {
	*w = *published
	w.journal.Freeze()
}

// Facts folds the events of one command. Until Seal tells of its frame, the
// world is between two frames; m has what will be known of that frame.
func (w *World) Facts(facts []events.Event, m events.Meta) {
	w.journal.Folding(true)
	defer w.journal.Folding(false)
	for _, e := range facts {
		w.Events++
		m.Number = w.Events
		w.apply(e, m)
	}
}

// Answer folds that a command was answered by the commit of this index in frame seq.
func (w *World) Answer(c *events.Commit, seq uint64, index int, at time.Time) {
	w.journal.Folding(true)
	defer w.journal.Folding(false)
	w.Outcomes.Fold(c, seq, index, at)
}

// Seal ends a frame whose commits were folded.
func (w *World) Seal(f *events.Frame, seq uint64, hash events.Hash) {
	if f.Epoch != w.Epoch && f.Time.Sub(w.Time) > GracePeriod {
		w.Grace = f.Time.Add(GracePeriod)
	}
	switch {
	case len(f.Commits) > 0:
		w.Stuck = 0
	case f.Pending > f.Through.Seq && f.Through == w.Through:
		w.Stuck++
	}
	w.Seq, w.Time, w.Hash, w.Epoch, w.Through = seq, f.Time, hash, f.Epoch, f.Through
}

// BrokenChain says that a frame isn't the one that followed when it was
// written: it was changed, lost or put elsewhere.
type BrokenChain struct {
	Seq  uint64
	What string
}

func (b BrokenChain) Error() string {
	return fmt.Sprintf("the log is broken at frame %d: %s", b.Seq, b.What)
}

// Unpacked is a stored frame with its events as values.
type Unpacked struct {
	*events.Frame
	Seq   uint64
	Hash  events.Hash
	Facts [][]events.Event // of each commit
}

// Unpack reads a stored frame. It knows no world: many may be read side by side.
func Unpack(seq uint64, data []byte) (Unpacked, error) {
	f, hash, err := events.DecodeFrame(data)
	if err != nil {
		return Unpacked{}, BrokenChain{seq, err.Error()}
	}
	u := Unpacked{Frame: f, Seq: seq, Hash: hash, Facts: make([][]events.Event, len(f.Commits))}
	for i := range f.Commits {
		c := &f.Commits[i]
		u.Facts[i] = make([]events.Event, len(c.Events))
		for n, r := range c.Events {
			if u.Facts[i][n], err = Codec.Decode(r); err != nil {
				return Unpacked{}, fmt.Errorf("frame %d, command %s: %w", seq, c.Command, err)
			}
		}
	}
	return u, nil
}

// Fold folds a stored frame: the one behind those that were folded, or it is a
// BrokenChain.
func (w *World) Fold(u Unpacked) error {
	switch {
	case u.Seq != w.Seq+1:
		return BrokenChain{u.Seq, fmt.Sprintf("it follows frame %d", w.Seq)}
	case u.Prev != w.Hash:
		return BrokenChain{u.Seq, fmt.Sprintf("it was written behind a frame of hash %s, but that of the frame before is %s", u.Prev, w.Hash)}
	case u.Time.Before(w.Time):
		return BrokenChain{u.Seq, "its time lies before that of the frame before"}
	}
	for i := range u.Commits {
		c := &u.Commits[i]
		w.Facts(u.Facts[i], events.Meta{Seq: u.Seq, Time: u.Time, Command: c.Command, Caller: c.Caller})
		w.Answer(c, u.Seq, i, u.Time)
	}
	w.Seal(u.Frame, u.Seq, u.Hash)
	return nil
}

// Answered returns where a command was answered, if that is still remembered.
func (w *World) Answered(command string) (outcome.Outcome, bool) {
	id, err := uuid.Parse(command)
	if err != nil {
		return outcome.Outcome{}, false
	}
	return w.Outcomes.Get(id)
}

// Wrote says whether these are the bytes of the last frame that was folded.
func (w *World) Wrote(frame []byte) bool { return sha256.Sum256(frame) == w.Hash }

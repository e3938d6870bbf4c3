package network

import (
	"iter"

	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections/table"
)

// Network is what is known of one network. The zero Network doesn't exist.
type Network struct {
	ID, ProjectID string
	VNI           uint32
	ZoneHints     []string
	evt.NetworkSettings
	Standard
}

// Public says that every project sees the network.
func (n *Network) Public() bool { return n.Shared || n.External }

// Networks is the table of networks, in the order of their ids.
type Networks struct {
	table.Of[string, Network]
	byProject  table.Index[string, string, Network]
	byName     table.Index[Pair, string, Network]
	public     table.Index[bool, string, Network]
	perProject table.Tally[string, int, string, Network]
}

func newNetworks() Networks {
	t := Networks{Of: table.New[string, Network](compareStrings)}
	t.byProject = table.By(&t.Of, compareStrings, func(n *Network, emit func(string)) { emit(n.ProjectID) })
	t.byName = table.By(&t.Of, comparePairs, func(n *Network, emit func(Pair)) { both(emit, n.ProjectID, n.Name) })
	t.public = table.By(&t.Of, func(bool, bool) int { return 0 }, func(n *Network, emit func(bool)) {
		if n.Public() {
			emit(true)
		}
	})
	t.perProject = table.Count(&t.Of, compareStrings, func(n *Network) (string, bool) { return n.ProjectID, true })
	return t
}

// OfProject goes through a project's networks by id, from the id given on.
func (t *Networks) OfProject(projectID, from string) iter.Seq2[string, Network] {
	return within(t.byProject, &t.Of, projectID, from)
}

// Public goes through the networks that every project sees, by id, from the id given on.
func (t *Networks) Public(from string) iter.Seq2[string, Network] {
	return within(t.public, &t.Of, true, from)
}

// Named goes through the networks of a name within a scope.
func (t *Networks) Named(scope, name, from string) iter.Seq2[string, Network] {
	return within(t.byName, &t.Of, Pair{scope, name}, from)
}

// CountOf is how many networks a project has.
func (t *Networks) CountOf(projectID string) int { return table.Total(t.perProject, &t.Of, projectID) }

// within goes through what an index has under one value, by key, from the key given on.
func within[I comparable, S any](x table.Index[I, string, S], t *table.Of[string, S], i I, from string) iter.Seq2[string, S] {
	return func(yield func(string, S) bool) {
		for at, s := range table.Behind(x, t, i, from) {
			if at.Value != i || !yield(at.Key, s) {
				return
			}
		}
	}
}

func (t *Tables) applyNetwork(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.NetworkCreated:
		t.Networks.Put(e.ID, Network{ID: e.ID, ProjectID: e.ProjectID, VNI: e.VNI, ZoneHints: e.ZoneHints,
			NetworkSettings: e.Settings, Standard: made(m)})
		t.Segments.take("", e.VNI)
	case evt.NetworkReconfigured:
		was, _ := t.Networks.Get(e.ID)
		t.Networks.Update(e.ID, func(n *Network) {
			n.NetworkSettings = e.Settings
			n.touch(m)
		})
		if was.Shared != e.Settings.Shared {
			t.Subnets.share(e.ID, e.Settings.Shared)
		}
	case evt.NetworkDeleted:
		if n, ok := t.Networks.Get(e.ID); ok {
			t.Segments.free("", n.VNI)
			t.Networks.Delete(e.ID)
		}
	}
}

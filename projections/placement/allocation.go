package placement

import (
	"cmp"
	"iter"
	"strings"
	"time"

	"skylog/events"
	evt "skylog/events/placement"
	"skylog/projections/table"
)

// Consumer is who has allocations that a client made. The zero Consumer doesn't exist.
type Consumer struct {
	ID, ProjectID, UserID string
	Type                  string // empty: unknown
	Generation            int
	UpdatedAt             time.Time
}

// Group is what usages are summed by. UserID is empty in sums over all users.
type Group struct{ ProjectID, UserID, Type, Class string }

func compareGroups(a, b Group) int {
	return cmp.Or(strings.Compare(a.ProjectID, b.ProjectID), strings.Compare(a.UserID, b.UserID),
		strings.Compare(a.Type, b.Type), strings.Compare(a.Class, b.Class))
}

// Consumers is the table of consumers by id.
type Consumers struct {
	table.Of[string, Consumer]
	ofProject table.Tally[Group, int, string, Consumer]
	ofUser    table.Tally[Group, int, string, Consumer]
}

func newConsumers() Consumers {
	t := Consumers{Of: table.New[string, Consumer](strings.Compare)}
	t.ofProject = table.Count(&t.Of, compareGroups, func(c *Consumer) (Group, bool) { return Group{c.ProjectID, "", c.Type, ""}, true })
	t.ofUser = table.Count(&t.Of, compareGroups, func(c *Consumer) (Group, bool) { return Group{c.ProjectID, c.UserID, c.Type, ""}, true })
	return t
}

// Counts tells how many consumers of each type a project has, or a user there.
func (t *Consumers) Counts(project, user string) iter.Seq2[Group, int] {
	if user == "" {
		return within(table.TotalsFrom(t.ofProject, &t.Of, Group{ProjectID: project}), project, user)
	}
	return within(table.TotalsFrom(t.ofUser, &t.Of, Group{ProjectID: project, UserID: user}), project, user)
}

func within(all iter.Seq2[Group, int], project, user string) iter.Seq2[Group, int] {
	return func(yield func(Group, int) bool) {
		for g, n := range all {
			if g.ProjectID != project || g.UserID != user || !yield(g, n) {
				return
			}
		}
	}
}

// Apply folds one event into the table.
func (t *Consumers) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.AllocationsSet:
		c, _ := t.Get(e.ConsumerID)
		t.Put(e.ConsumerID, Consumer{ID: e.ConsumerID, ProjectID: e.ProjectID, UserID: e.UserID, Type: e.ConsumerType,
			Generation: c.Generation + 1, UpdatedAt: m.Time})
	case evt.AllocationsRemoved:
		t.Delete(e.ConsumerID)
	}
}

// AllocationID is the key of an allocation's row.
type AllocationID struct{ ConsumerID, ProviderID, Class string }

// Allocation is how much a consumer has of one class of one provider's resources.
type Allocation struct {
	AllocationID
	Amount                  int
	ProjectID, UserID, Type string
}

// use is one class of one provider.
type use struct{ provider, class string }

// Allocations is the table of allocations that clients made, by consumer.
type Allocations struct {
	table.Of[AllocationID, Allocation]
	byProvider table.Index[string, AllocationID, Allocation]
	used       table.Tally[use, int, AllocationID, Allocation]
	ofProject  table.Tally[Group, int, AllocationID, Allocation]
	ofUser     table.Tally[Group, int, AllocationID, Allocation]
}

func newAllocations() Allocations {
	t := Allocations{Of: table.New[AllocationID, Allocation](func(a, b AllocationID) int {
		return cmp.Or(strings.Compare(a.ConsumerID, b.ConsumerID), strings.Compare(a.ProviderID, b.ProviderID), strings.Compare(a.Class, b.Class))
	})}
	add := func(a, b int, sign int) int { return a + sign*b }
	t.byProvider = table.By(&t.Of, strings.Compare, func(a *Allocation, emit func(string)) { emit(a.ProviderID) })
	t.used = table.Sum(&t.Of, func(a, b use) int {
		return cmp.Or(strings.Compare(a.provider, b.provider), strings.Compare(a.class, b.class))
	}, func(a *Allocation) (use, int, bool) { return use{a.ProviderID, a.Class}, a.Amount, true }, add)
	t.ofProject = table.Sum(&t.Of, compareGroups, func(a *Allocation) (Group, int, bool) {
		return Group{a.ProjectID, "", a.Type, a.Class}, a.Amount, true
	}, add)
	t.ofUser = table.Sum(&t.Of, compareGroups, func(a *Allocation) (Group, int, bool) {
		return Group{a.ProjectID, a.UserID, a.Type, a.Class}, a.Amount, true
	}, add)
	return t
}

// Used is how much of a class of a provider's resources clients allocated.
func (t *Allocations) Used(provider, class string) int {
	return table.Total(t.used, &t.Of, use{provider, class})
}

// Sums tells how much of each class, by type of consumer, clients allocated for
// a project, or for a user there.
func (t *Allocations) Sums(project, user string) iter.Seq2[Group, int] {
	if user == "" {
		return within(table.TotalsFrom(t.ofProject, &t.Of, Group{ProjectID: project}), project, user)
	}
	return within(table.TotalsFrom(t.ofUser, &t.Of, Group{ProjectID: project, UserID: user}), project, user)
}

// OfConsumer goes through what a consumer has.
func (t *Allocations) OfConsumer(id string) iter.Seq[Allocation] {
	return func(yield func(Allocation) bool) {
		for k, a := range t.From(AllocationID{ConsumerID: id}) {
			if k.ConsumerID != id || !yield(a) {
				return
			}
		}
	}
}

// OfProvider goes through what consumers have of a provider, by consumer.
func (t *Allocations) OfProvider(id string) iter.Seq2[AllocationID, Allocation] {
	return table.Each(t.byProvider, &t.Of, id)
}

// Apply folds one event into the table.
func (t *Allocations) Apply(e events.Event, _ events.Meta) {
	switch e := e.(type) {
	case evt.AllocationsSet:
		t.clear(e.ConsumerID)
		for _, a := range e.Allotments {
			id := AllocationID{e.ConsumerID, a.ProviderID, a.Class}
			t.Put(id, Allocation{id, a.Amount, e.ProjectID, e.UserID, e.ConsumerType})
		}
	case evt.AllocationsRemoved:
		t.clear(e.ConsumerID)
	}
}

func (t *Allocations) clear(consumer string) {
	var gone []AllocationID
	for a := range t.OfConsumer(consumer) {
		gone = append(gone, a.AllocationID)
	}
	for _, id := range gone {
		t.Delete(id)
	}
}

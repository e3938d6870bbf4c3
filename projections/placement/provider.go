package placement

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"skylog/events"
	computeevt "skylog/events/compute"
	evt "skylog/events/placement"
	"skylog/projections/table"
)

// Inventory is how much of one class of resources a provider has.
type Inventory = evt.Inventory

// Provider is what is known of one resource provider. The zero Provider doesn't exist.
type Provider struct {
	ID, Name         string
	ParentID, RootID string
	// Host is the compute host that the provider stands for; empty: none.
	Host string
	// Generation counts what clients and the host itself said of the provider, and
	// allocations that clients made. What servers take doesn't count.
	Generation           int
	Inventories          []Inventory // in the order of classes
	Traits               []string    // in order
	Aggregates           []string    // in order
	CreatedAt, UpdatedAt time.Time
}

// Inventory returns what the provider has of a class.
func (p *Provider) Inventory(class string) (Inventory, bool) {
	for _, i := range p.Inventories {
		if i.Class == class {
			return i, true
		}
	}
	return Inventory{}, false
}

// Capacity is how much of a class may be promised.
func Capacity(i Inventory) int { return int(float64(i.Total-i.Reserved) * i.Ratio) }

// Suits says whether an amount of a class may be had in one portion.
func Suits(i Inventory, amount int) bool {
	return amount >= i.MinUnit && amount <= i.MaxUnit && amount%i.StepSize == 0
}

// Giver is a class of resources and whether a compute host gives them.
type Giver struct {
	Class string
	Host  bool
}

// Providers is the table of resource providers by id.
type Providers struct {
	table.Of[string, Provider]
	byName      table.Index[string, string, Provider]
	byHost      table.Index[string, string, Provider]
	byParent    table.Index[string, string, Provider]
	byRoot      table.Index[string, string, Provider]
	byTrait     table.Index[string, string, Provider]
	byAggregate table.Index[string, string, Provider]
	byClass     table.Index[Giver, string, Provider]
}

func newProviders() Providers {
	t := Providers{Of: table.New[string, Provider](strings.Compare)}
	by := func(of func(p *Provider, emit func(string))) table.Index[string, string, Provider] {
		return table.By(&t.Of, strings.Compare, of)
	}
	t.byName = by(func(p *Provider, emit func(string)) { emit(p.Name) })
	t.byHost = by(func(p *Provider, emit func(string)) {
		if p.Host != "" {
			emit(p.Host)
		}
	})
	t.byParent = by(func(p *Provider, emit func(string)) {
		if p.ParentID != "" {
			emit(p.ParentID)
		}
	})
	t.byRoot = by(func(p *Provider, emit func(string)) { emit(p.RootID) })
	t.byTrait = by(func(p *Provider, emit func(string)) { each(p.Traits, emit) })
	t.byAggregate = by(func(p *Provider, emit func(string)) { each(p.Aggregates, emit) })
	t.byClass = table.By(&t.Of, func(a, b Giver) int {
		switch {
		case a.Class != b.Class:
			return strings.Compare(a.Class, b.Class)
		case a.Host == b.Host:
			return 0
		case b.Host:
			return -1
		}
		return 1
	}, func(p *Provider, emit func(Giver)) {
		for _, i := range p.Inventories {
			emit(Giver{i.Class, p.Host != ""})
		}
	})
	return t
}

func each(all []string, emit func(string)) {
	for _, one := range all {
		emit(one)
	}
}

// Named returns the provider of this name.
func (t *Providers) Named(name string) (Provider, bool) { return table.First(t.byName, &t.Of, name) }

// OfHost returns the provider that stands for a compute host.
func (t *Providers) OfHost(host string) (Provider, bool) { return table.First(t.byHost, &t.Of, host) }

// HasChildren says whether providers stand below this one.
func (t *Providers) HasChildren(id string) bool { return table.Has(t.byParent, &t.Of, id) }

// HasTrait says whether any provider has the trait.
func (t *Providers) HasTrait(name string) bool { return table.Has(t.byTrait, &t.Of, name) }

// HasClass says whether any provider has resources of the class.
func (t *Providers) HasClass(name string) bool {
	return table.Has(t.byClass, &t.Of, Giver{name, false}) || table.Has(t.byClass, &t.Of, Giver{name, true})
}

// In goes through the providers of a tree behind the one named, by id.
func (t *Providers) In(root, behind string) iter.Seq[Provider] {
	return from(t.byRoot, &t.Of, root, behind)
}

// Members goes through the members of an aggregate behind the one named, by id.
func (t *Providers) Members(aggregate, behind string) iter.Seq[Provider] {
	return from(t.byAggregate, &t.Of, aggregate, behind)
}

// WithTrait goes through the providers that have a trait, behind the one named, by id.
func (t *Providers) WithTrait(name, behind string) iter.Seq[Provider] {
	return from(t.byTrait, &t.Of, name, behind)
}

// Giving goes through the providers that have resources of a class, behind the
// one named, by id: either compute hosts or all others.
func (t *Providers) Giving(g Giver, behind string) iter.Seq[Provider] {
	return from(t.byClass, &t.Of, g, behind)
}

// Behind goes through all providers behind the one named, by id.
func (t *Providers) Behind(id string) iter.Seq[Provider] {
	return func(yield func(Provider) bool) {
		for k, p := range t.From(id) {
			if k != id && !yield(p) {
				return
			}
		}
	}
}

func from[I comparable](x table.Index[I, string, Provider], t *table.Of[string, Provider], i I, behind string) iter.Seq[Provider] {
	return func(yield func(Provider) bool) {
		for at, p := range table.Behind(x, t, i, behind) {
			if at.Value != i {
				return
			}
			if at.Key != behind && !yield(p) {
				return
			}
		}
	}
}

// Apply folds one event into the table.
func (t *Providers) Apply(e events.Event, m events.Meta) {
	switch e := e.(type) {
	case evt.ProviderCreated:
		t.Put(e.ID, Provider{ID: e.ID, Name: e.Name, ParentID: e.ParentID, RootID: t.rootBelow(e.ParentID, e.ID), CreatedAt: m.Time, UpdatedAt: m.Time})
	case evt.ProviderRenamed:
		t.Update(e.ID, func(p *Provider) { p.Name, p.UpdatedAt = e.Name, m.Time })
	case evt.ProviderMoved:
		t.move(e, m)
	case evt.ProviderDeleted:
		t.Delete(e.ID)
	case evt.InventoriesSet:
		t.change(e.ProviderID, m, func(p *Provider) { p.Inventories = e.Inventories })
	case evt.TraitsSet:
		t.change(e.ProviderID, m, func(p *Provider) { p.Traits = e.Traits })
	case evt.AggregatesSet:
		t.Update(e.ProviderID, func(p *Provider) {
			p.Aggregates, p.UpdatedAt = e.Aggregates, m.Time
			if !e.Uncounted {
				p.Generation++
			}
		})
	}
}

// change updates what the provider's generation counts.
func (t *Providers) change(id string, m events.Meta, how func(*Provider)) {
	t.Update(id, func(p *Provider) {
		how(p)
		p.Generation, p.UpdatedAt = p.Generation+1, m.Time
	})
}

// count notes that clients allocated of providers.
func (t *Providers) count(e evt.AllocationsSet, m events.Meta) {
	last := ""
	for _, a := range e.Allotments {
		if a.ProviderID != last {
			t.change(a.ProviderID, m, func(*Provider) {})
		}
		last = a.ProviderID
	}
}

// rootBelow is the root of what stands below a parent.
func (t *Providers) rootBelow(parent, id string) string {
	if p, ok := t.Get(parent); ok {
		return p.RootID
	}
	return id
}

// move puts a provider and all below it into the tree of its new parent.
func (t *Providers) move(e evt.ProviderMoved, m events.Meta) {
	root := t.rootBelow(e.ParentID, e.ID)
	t.Update(e.ID, func(p *Provider) { p.ParentID, p.UpdatedAt = e.ParentID, m.Time })
	for _, id := range t.below(e.ID) {
		t.Update(id, func(p *Provider) { p.RootID = root })
	}
}

// below are a provider and all that stand below it.
func (t *Providers) below(id string) []string {
	all, seen := []string{id}, map[string]bool{id: true}
	for i := 0; i < len(all); i++ {
		for child := range table.Each(t.byParent, &t.Of, all[i]) {
			if !seen[child] {
				seen[child] = true
				all = append(all, child)
			}
		}
	}
	return all
}

// Below says whether one provider stands below another one, or is the same.
func (t *Providers) Below(id, above string) bool { return slices.Contains(t.below(above), id) }

// Ratios of a host's inventories where nobody set others.
var ratios = map[string]float64{VCPU: 4, MemoryMB: 1, DiskGB: 1}

// join notes a compute host: what it has to give, in place of what it had.
func (t *Providers) join(e computeevt.HostJoined, m events.Meta) {
	if e.ID == "" {
		return
	}
	p, known := t.Get(e.ID)
	if before, ok := t.OfHost(e.Name); ok && before.ID != e.ID { // the host was installed anew
		if !known {
			p, known = before, true
			p.ParentID = ""
		}
		t.Delete(before.ID)
	}
	if !known {
		p.CreatedAt = m.Time
	}
	p.ID, p.Name, p.Host, p.RootID, p.UpdatedAt = e.ID, e.Name, e.Name, t.rootBelow(p.ParentID, e.ID), m.Time
	p.Inventories = slices.Clone(p.Inventories)
	p.Generation++
	p.has(VCPU, e.VCPUs)
	p.has(MemoryMB, e.RAMMiB)
	p.has(DiskGB, e.DiskGiB)
	slices.SortFunc(p.Inventories, func(a, b Inventory) int { return cmp.Compare(a.Class, b.Class) })
	t.Put(e.ID, p)
}

// part notes that a provider is no compute host any more. It stays for those who
// have something of it, and is an operator's to delete.
func (t *Providers) part(e computeevt.HostForgotten, m events.Meta) {
	if p, ok := t.OfHost(e.Name); ok {
		t.change(p.ID, m, func(p *Provider) { p.Host = "" })
	}
}

// has notes how much the host has of a class. What was set beside the total stays.
func (p *Provider) has(class string, total int) {
	for n := range p.Inventories {
		if i := &p.Inventories[n]; i.Class == class {
			if i.MaxUnit == i.Total {
				i.MaxUnit = total
			}
			i.Total = total
			return
		}
	}
	if total > 0 {
		p.Inventories = append(p.Inventories, Inventory{Class: class, Total: total, MinUnit: 1, MaxUnit: total, StepSize: 1, Ratio: ratios[class]})
	}
}

// Size is how many providers a provider and all below it are.
func (t *Providers) Size(id string) int { return len(t.below(id)) }

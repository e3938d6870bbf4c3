package placement

import (
	"cmp"
	"iter"
	"slices"

	cmd "skylog/commands/placement"
	view "skylog/projections/placement"
)

// candidate is one way to have all that is asked for.
type candidate struct {
	given    []cmd.Allotment
	mappings map[string][]string // the providers of each group by its suffix
	tree     []*view.Provider
}

// shown are the providers that are summarized with the candidate: all of the
// tree, or only those that give something.
func (c *candidate) shown(all bool) []*view.Provider {
	if all {
		return c.tree
	}
	return slices.DeleteFunc(slices.Clone(c.tree), func(p *view.Provider) bool {
		return !slices.ContainsFunc(c.given, func(a cmd.Allotment) bool { return a.ProviderID == p.ID })
	})
}

// maxSteps bounds how many ways are tried for one request.
const maxSteps = 100000

// run finds candidates, tree by tree, until there are as many as are wanted.
func (s *search) run() (found []candidate) {
	seen := map[string]bool{}
	looks, steps := 0, maxSteps
	for p := range s.roots() {
		if looks++; looks > maxLooks || steps <= 0 || len(found) >= s.limit {
			break
		}
		if !seen[p.RootID] {
			seen[p.RootID] = true
			found = s.inTree(p.RootID, found, &steps)
		}
	}
	return found
}

// roots goes through providers in whose trees candidates can be, by the index
// that leaves the fewest to look at. Where nothing tells of one, that is the
// compute hosts with the most room, behind all that are no hosts.
func (s *search) roots() iter.Seq[view.Provider] {
	t := &s.w.Placement.Providers
	for _, g := range s.groups {
		if g.inTree != "" {
			p, _ := t.Get(g.inTree)
			return t.In(p.RootID, "")
		}
	}
	for _, g := range s.groups {
		for _, any := range g.memberOf {
			if len(any) == 1 {
				return t.Members(any[0], "")
			}
		}
		for _, any := range g.required {
			if len(any) == 1 {
				return t.WithTrait(any[0], "")
			}
		}
	}
	class := ""
	for _, g := range s.groups {
		for _, a := range g.resources {
			if class = a.Class; class != view.VCPU && class != view.MemoryMB && class != view.DiskGB {
				return giving(t, class, "")
			}
		}
	}
	return func(yield func(view.Provider) bool) {
		for p := range t.Giving(view.Giver{Class: class}, "") {
			if !yield(p) {
				return
			}
		}
		for h := range s.w.Compute.Hosts.Roomy("") {
			if p, ok := t.Get(h.ID); ok && !yield(p) {
				return
			}
		}
	}
}

// usable says whether new consumers may have anything of the provider: not of
// hosts that are down or disabled.
func (s *search) usable(p *view.Provider) bool {
	if p.Host == "" {
		return true
	}
	h, ok := s.w.Compute.Hosts.Get(p.Host)
	return ok && h.Alive() && !h.Disabled
}

// choice is one way to have what one group asks for.
type choice struct {
	given     []cmd.Allotment
	providers []string
}

// inTree adds the candidates of one tree.
func (s *search) inTree(rootID string, found []candidate, steps *int) []candidate {
	root, ok := s.w.Placement.Providers.Get(rootID)
	if !ok || !s.root.traits(root.Traits) {
		return found
	}
	var tree, usable []*view.Provider
	for p := range s.w.Placement.Providers.In(rootID, "") {
		tree = append(tree, &p)
		if s.usable(&p) && (s.nested || p.ParentID == "") {
			usable = append(usable, &p)
		}
	}
	choices := make([][]choice, len(s.groups))
	for i := range s.groups {
		g := &s.groups[i]
		if g.inTree != "" {
			if p, ok := s.w.Placement.Providers.Get(g.inTree); !ok || p.RootID != rootID {
				return found
			}
		}
		if g.suffix == "" {
			choices[i] = s.spread(g, &root, usable, steps)
		} else {
			choices[i] = s.together(g, &root, usable)
		}
		if len(choices[i]) == 0 {
			return found
		}
	}
	s.combine(choices, nil, steps, func(picked []choice) bool {
		if c, ok := s.join(picked, tree); ok {
			found = append(found, c)
		}
		return len(found) < s.limit
	})
	return found
}

// together are the providers that give all of a group alone.
func (s *search) together(g *group, root *view.Provider, usable []*view.Provider) (all []choice) {
	for _, p := range usable {
		if !g.like(p, root) || !g.room(s.w, p) {
			continue
		}
		c := choice{providers: []string{p.ID}}
		for _, a := range g.resources {
			c.given = append(c.given, cmd.Allotment{ProviderID: p.ID, Class: a.Class, Amount: a.Amount})
		}
		all = append(all, c)
	}
	return all
}

// spread are the ways to have a group's resources, each class of any provider of
// the tree, so that together they have the traits.
func (s *search) spread(g *group, root *view.Provider, usable []*view.Provider, steps *int) (all []choice) {
	byClass := make([][]choice, len(g.resources))
	traits := map[string][]string{}
	for _, p := range usable {
		if !g.allowed(p.Traits) || !g.member(p, root) {
			continue
		}
		traits[p.ID] = p.Traits
		for i, a := range g.resources {
			if s.w.HasRoom(p, a.Class, a.Amount) {
				given := cmd.Allotment{ProviderID: p.ID, Class: a.Class, Amount: a.Amount}
				byClass[i] = append(byClass[i], choice{[]cmd.Allotment{given}, []string{p.ID}})
			}
		}
	}
	s.combine(byClass, nil, steps, func(picked []choice) bool {
		var c choice
		var has []string
		for _, one := range picked {
			c.given = append(c.given, one.given...)
			c.providers = append(c.providers, one.providers...)
			has = append(has, traits[one.providers[0]]...)
		}
		slices.Sort(has)
		slices.Sort(c.providers)
		c.providers = slices.Compact(c.providers)
		if g.missing(has) == nil {
			all = append(all, c)
		}
		return len(all) < s.limit
	})
	return all
}

// combine goes through all ways to pick one choice of each, while there are steps left.
func (s *search) combine(choices [][]choice, picked []choice, steps *int, use func([]choice) bool) bool {
	if *steps--; *steps <= 0 {
		return false
	}
	if len(picked) == len(choices) {
		return use(picked)
	}
	for _, c := range choices[len(picked)] {
		if !s.combine(choices, append(slices.Clone(picked), c), steps, use) {
			return false
		}
	}
	return true
}

// join makes one candidate of what was picked for each group, if it goes together.
func (s *search) join(picked []choice, tree []*view.Provider) (candidate, bool) {
	c := candidate{mappings: map[string][]string{}, tree: tree}
	alone := map[string]bool{}
	for i, g := range s.groups {
		c.mappings[g.suffix] = picked[i].providers
		if g.suffix != "" && s.isolate && len(g.resources) > 0 {
			if p := picked[i].providers[0]; alone[p] {
				return c, false
			} else {
				alone[p] = true
			}
		}
		c.given = append(c.given, picked[i].given...)
	}
	slices.SortFunc(c.given, func(a, b cmd.Allotment) int {
		return cmp.Or(cmp.Compare(a.ProviderID, b.ProviderID), cmp.Compare(a.Class, b.Class))
	})
	sums := c.given[:0]
	for _, a := range c.given {
		if n := len(sums); n > 0 && sums[n-1].ProviderID == a.ProviderID && sums[n-1].Class == a.Class {
			sums[n-1].Amount += a.Amount
			continue
		}
		sums = append(sums, a)
	}
	c.given = sums
	for _, a := range c.given {
		if p, ok := s.w.Placement.Providers.Get(a.ProviderID); !ok || !s.w.HasRoom(&p, a.Class, a.Amount) {
			return c, false
		}
	}
	return c, s.ofOneSubtree(&c)
}

// ofOneSubtree says whether of the groups that must be of one subtree, one's
// provider is above all the others or the same.
func (s *search) ofOneSubtree(c *candidate) bool {
	parents := map[string]string{}
	for _, p := range c.tree {
		parents[p.ID] = p.ParentID
	}
	below := func(id, above string) bool {
		for range c.tree { // a tree is no deeper than it has members
			if id == above {
				return true
			}
			id = parents[id]
		}
		return false
	}
	for _, suffixes := range s.subtrees {
		var all []string
		for _, suffix := range suffixes {
			all = append(all, c.mappings[suffix]...)
		}
		if !slices.ContainsFunc(all, func(top string) bool {
			return !slices.ContainsFunc(all, func(id string) bool { return !below(id, top) })
		}) {
			return false
		}
	}
	return true
}

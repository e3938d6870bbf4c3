package network

import (
	"skylog/events"
	evt "skylog/events/network"
)

// StandardOf is what a thing of any kind has in common with others, and of which project it is.
func (t *Tables) StandardOf(kind evt.Kind, id string) (s Standard, ok bool) {
	switch kind {
	case evt.Networks:
		n, ok := t.Networks.Get(id)
		return n.Standard, ok
	case evt.Subnets:
		s, ok := t.Subnets.Get(id)
		return s.Standard, ok
	case evt.Ports:
		p, ok := t.Ports.Get(id)
		return p.Standard, ok
	case evt.SecurityGroups:
		g, ok := t.Groups.Get(id)
		return g.Standard, ok
	case evt.SecurityGroupRules:
		r, ok := t.Rules.Get(id)
		return r.Standard, ok
	}
	return s, false
}

func (t *Tables) applyTags(e events.Event, m events.Meta) {
	tagged, ok := e.(evt.TagsReplaced)
	if !ok {
		return
	}
	tag := func(s *Standard) {
		s.Tags = tagged.Tags
		s.touch(m)
	}
	switch tagged.Kind {
	case evt.Networks:
		t.Networks.Update(tagged.ID, func(n *Network) { tag(&n.Standard) })
	case evt.Subnets:
		t.Subnets.Update(tagged.ID, func(s *Subnet) { tag(&s.Standard) })
	case evt.Ports:
		t.Ports.Update(tagged.ID, func(p *Port) { tag(&p.Standard) })
	case evt.SecurityGroups:
		t.Groups.Update(tagged.ID, func(g *Group) { tag(&g.Standard) })
	case evt.SecurityGroupRules:
		t.Rules.Update(tagged.ID, func(r *Rule) { tag(&r.Standard) })
	}
}

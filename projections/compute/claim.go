package compute

import (
	"iter"
	"slices"

	"skylog/projections/table"
)

// Claim is what a server takes of a host.
type Claim struct {
	Host string
	Usage
}

// Claims are all that a server takes of hosts: while it is on its way, or may
// still go back where it was, that is room in two places.
func (s *Server) Claims() []Claim {
	var all []Claim
	add := func(host string, u Usage) {
		if host != "" {
			all = append(all, Claim{host, u})
		}
	}
	switch {
	case s.ID == "":
	case s.Old != nil:
		add(s.Old.Host, UsageOf(&s.Old.Flavor))
		add(s.Old.To, s.Old.Room)
	default:
		add(s.Host, s.usage())
		if s.Live != nil {
			add(s.Live.To, s.usage())
		}
	}
	return all
}

// claimed is the sum of a server's claims; that of a server without any doesn't count.
func (s *Server) claimed() (u Usage, counts bool) {
	switch {
	case s.Old != nil:
		if s.Old.Host != "" {
			u = UsageOf(&s.Old.Flavor)
		}
		if s.Old.To != "" {
			u = addUsage(u, s.Old.Room, 1)
		}
	case s.Host != "":
		u = s.usage()
		if s.Live != nil {
			u = addUsage(u, u, 1)
		}
	}
	counts, u.Servers = u.Servers > 0, 1
	return u, counts
}

// ClaimedBy is what the servers of a project take of hosts, or those of a user there.
func (t *Servers) ClaimedBy(project, user string) Usage {
	if user == "" {
		return table.Total(t.claimed, &t.Of, project)
	}
	return table.Total(t.claimedBy, &t.Of, [2]string{project, user})
}

// ClaimsOn goes through all that servers take of a host: a server that is
// resized where it is comes twice.
func (t *Servers) ClaimsOn(host string) iter.Seq2[Server, Claim] {
	return func(yield func(Server, Claim) bool) {
		for _, x := range []table.Index[string, string, Server]{t.byHost, t.byOldHost, t.byNextHost} {
			for _, s := range table.Each(x, &t.Of, host) {
				for _, c := range s.Claims() {
					if c.Host == host && !yield(s, c) {
						return
					}
				}
			}
		}
	}
}

// reclaim gives back what a server took and takes what it takes now.
func (t *Hosts) reclaim(before, now []Claim) {
	if slices.Equal(before, now) {
		return
	}
	for _, c := range before {
		t.Update(c.Host, func(h *Host) { h.Used = addUsage(h.Used, c.Usage, -1) })
	}
	for _, c := range now {
		t.Update(c.Host, func(h *Host) { h.Used = addUsage(h.Used, c.Usage, 1) })
	}
}

package compute

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/goccy/go-json"

	"skylog/events"
	"skylog/projections"
	"skylog/workers"
)

// GroupWant tells hosts who is in a security group: one want for all of them, as
// a group of n would otherwise stand n times in the wants of its n members.
type GroupWant struct {
	ID         string
	Generation uint64 // orders the wants of one group: a lower one is older
	Members    []netip.Prefix
	// Gone: no rule can refer to the group any more.
	Gone bool `json:",omitempty"`
}

// GroupKind is the subject token of groups' wants, for workers.AnyHost.
const GroupKind = "group"

// groupWants is the source of the wants of groups that rules refer to.
func groupWants() workers.Source {
	return workers.Source{
		Touched: func(w *projections.World, e events.Event, emit func(id string, soon bool)) {
			w.Network.AffectedGroups(e, emit)
		},
		Of: func(w *projections.World, id string) ([]workers.Want, error) {
			want := GroupWant{ID: id, Generation: w.Events, Gone: !w.Network.Groups.Has(id)}
			if !want.Gone {
				want.Members = w.Network.MembersOf(id)
			}
			data, err := json.Marshal(&want)
			return []workers.Want{{Host: workers.AnyHost, Kind: GroupKind, ID: id, Data: data}}, err
		},
		Forget: func(events.Event) (workers.Want, bool) { return workers.Want{}, false },
		All: func(w *projections.World, emit func(id string) bool) {
			for id := range w.Network.Groups.All() {
				if w.Network.Rules.Refer(id) && !emit(id) {
					return
				}
			}
		},
	}
}

// Groups are the members of the security groups as the hosts of a process know
// them, and which ports refer to which. The zero Groups knows none.
type Groups struct {
	mu     sync.Mutex
	groups map[string]*group
	ports  map[user][]string // the groups that each port refers to
	more   chan struct{}     // closed when a group comes to be known; nil: nobody waits
}

type group struct {
	known      bool
	generation uint64
	settled    bool // all ports are plugged with these members
	v4, v6     []netip.Prefix
	users      map[user]bool
}

type user struct {
	booter *Booter
	port   string
}

// groupWait is how long a port waits for a group that its want refers to. They
// are written ahead of it, so this passes only if the group's want got lost.
const groupWait = 10 * time.Second

var errUnknownGroup = errors.New("the members of a security group are not known yet")

// await returns once all groups are known that rules refer to.
func (g *Groups) await(ctx context.Context, rules []Rule) error {
	ctx, cancel := context.WithTimeout(ctx, groupWait)
	defer cancel()
	wanted := remoteGroups(rules)
	for {
		g.mu.Lock()
		wanted = slices.DeleteFunc(wanted, func(id string) bool { return g.groups[id] != nil && g.groups[id].known })
		if len(wanted) == 0 {
			g.mu.Unlock()
			return nil
		}
		if g.more == nil {
			g.more = make(chan struct{})
		}
		more := g.more
		g.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", errUnknownGroup, wanted[0])
		}
	}
}

func remoteGroups(rules []Rule) (ids []string) {
	for i := range rules {
		if id := rules[i].RemoteGroup; id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// use notes which groups a port refers to from now on.
func (g *Groups) use(b *Booter, port string, groups []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	u := user{b, port}
	if g.ports == nil {
		g.ports = map[user][]string{}
	}
	for _, id := range g.ports[u] {
		delete(g.groups[id].users, u)
	}
	for _, id := range groups {
		g.group(id).users[u] = true
	}
	if g.ports[u] = groups; len(groups) == 0 {
		delete(g.ports, u)
	}
}

// group is the one of an id, made where there is none yet. The lock is held.
func (g *Groups) group(id string) *group {
	if g.groups == nil {
		g.groups = map[string]*group{}
	}
	if g.groups[id] == nil {
		g.groups[id] = &group{users: map[user]bool{}}
	}
	return g.groups[id]
}

// resolved is a port with the members of groups as its remotes. A group that has
// none of a rule's family leaves the rule out: without remotes it would match anyone.
func (g *Groups) resolved(p PortSpec) PortSpec {
	g.mu.Lock()
	defer g.mu.Unlock()
	rules := make([]Rule, 0, len(p.Rules))
	for _, r := range p.Rules {
		if r.RemoteGroup != "" {
			of := g.group(r.RemoteGroup)
			if r.Remotes = of.v4; r.IPv6 {
				r.Remotes = of.v6
			}
			if r.RemoteGroup = ""; len(r.Remotes) == 0 {
				continue
			}
		}
		rules = append(rules, r)
	}
	p.Rules = rules
	return p
}

// Changed takes in the want of a group and plugs the ports again that refer to it.
func (g *Groups) Changed(ctx context.Context, want GroupWant) error {
	users, generation := g.take(want)
	var failed error
	for _, u := range users {
		failed = errors.Join(failed, u.booter.regroup(ctx, u.port))
	}
	if failed == nil {
		g.settle(want.ID, generation)
	}
	return failed
}

// take notes a group's members and returns the ports that must be plugged again.
func (g *Groups) take(want GroupWant) (users []user, generation uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	of := g.group(want.ID)
	if of.known && (want.Generation < of.generation || want.Generation == of.generation && of.settled) {
		return nil, 0
	}
	var v4, v6 []netip.Prefix
	for _, m := range want.Members {
		if m.Addr().Is4() {
			v4 = append(v4, m)
		} else {
			v6 = append(v6, m)
		}
	}
	same := of.known && of.settled && slices.Equal(v4, of.v4) && slices.Equal(v6, of.v6)
	of.known, of.generation, of.settled, of.v4, of.v6 = true, want.Generation, same, v4, v6
	if g.more != nil {
		close(g.more)
		g.more = nil
	}
	if want.Gone && len(of.users) == 0 {
		delete(g.groups, want.ID)
	}
	if same {
		return nil, 0
	}
	for u := range of.users {
		users = append(users, u)
	}
	return users, want.Generation
}

func (g *Groups) settle(id string, generation uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if of := g.groups[id]; of != nil && of.generation == generation {
		of.settled = true
	}
}

// Handle is how the runner gives the wants of groups.
func (g *Groups) Handle(failed func(group string, why error)) workers.Handle {
	return workers.Handle{
		Do: func(ctx context.Context, data []byte) error {
			var want GroupWant
			if err := json.Unmarshal(data, &want); err != nil {
				return errors.Join(ErrPermanent, err)
			}
			return g.Changed(ctx, want)
		},
		Failed: func(_ context.Context, data []byte, why error) error {
			var want GroupWant
			if err := json.Unmarshal(data, &want); err != nil {
				return err
			}
			failed(want.ID, why)
			return nil
		},
		Permanent: func(err error) bool { return errors.Is(err, ErrPermanent) },
	}
}

package compute

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
)

// board is a Network that remembers how each port was plugged last.
type board struct {
	Network
	mu      sync.Mutex
	remotes map[string][]netip.Prefix // nil where a rule is left out
	plugs   int
	fails   bool
}

func (b *board) Plug(_ context.Context, p PortSpec) (Attachment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails {
		return Attachment{}, errors.New("nothing can be plugged")
	}
	b.plugs++
	b.remotes[p.ID] = nil
	for _, r := range p.Rules {
		b.remotes[p.ID] = r.Remotes
	}
	return Attachment{}, nil
}

func (b *board) Unplug(context.Context, string) error { return nil }

func (b *board) admits(port string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.remotes[port]) == 0 {
		return "nobody"
	}
	return b.remotes[port][0].String()
}

func web(generation uint64, members ...string) GroupWant {
	w := GroupWant{ID: "web", Generation: generation}
	for _, m := range members {
		w.Members = append(w.Members, netip.MustParsePrefix(m))
	}
	return w
}

var fromWeb = PortSpec{ID: "p", Rules: []Rule{{Ingress: true, RemoteGroup: "web"}}}

func TestAPortFollowsTheMembersOfAGroupThatItRefersTo(t *testing.T) {
	net := &board{remotes: map[string][]netip.Prefix{}}
	groups := &Groups{}
	b := &Booter{Network: net, Groups: groups}
	plugged := make(chan error)
	go func() {
		_, err := b.plug(t.Context(), fromWeb) // waits: who is in the group isn't known
		plugged <- err
	}()
	change := func(w GroupWant) {
		t.Helper()
		if err := groups.Changed(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	change(web(1))
	if err := <-plugged; err != nil || net.admits("p") != "nobody" {
		t.Fatalf("with an empty group the port admits %s, %v; want nobody: a rule without remotes would match anyone", net.admits("p"), err)
	}
	change(web(2, "10.0.0.8/32"))
	if got := net.admits("p"); got != "10.0.0.8/32" {
		t.Fatalf("the port admits %s, want the member that came", got)
	}
	change(web(1, "10.0.0.7/32"))
	change(web(2, "10.0.0.8/32"))
	if net.plugs != 2 || net.admits("p") != "10.0.0.8/32" {
		t.Fatalf("plugged %d times, admits %s; want no more by an older want or the same again", net.plugs, net.admits("p"))
	}
	change(web(3, "fd00::8/128"))
	if got := net.admits("p"); got != "nobody" {
		t.Fatalf("a rule of IPv4 admits %s", got)
	}
	b.owners = map[string]string{"p": "s"}
	if err := b.unplug(t.Context(), "p", "s"); err != nil {
		t.Fatal(err)
	}
	change(web(4, "10.0.0.9/32"))
	if net.plugs != 3 {
		t.Fatalf("plugged %d times, want not once more: the port is gone", net.plugs)
	}
	if change(GroupWant{ID: "web", Generation: 5, Gone: true}); len(groups.groups) != 0 || len(groups.ports) != 0 {
		t.Fatalf("what nobody refers to is kept: %v, %v", groups.groups, groups.ports)
	}
}

func TestMembersThatCouldNotBeToldAreToldAgain(t *testing.T) {
	net := &board{remotes: map[string][]netip.Prefix{}}
	groups := &Groups{}
	b := &Booter{Network: net, Groups: groups}
	if err := groups.Changed(t.Context(), web(1, "10.0.0.7/32")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.plug(t.Context(), fromWeb); err != nil {
		t.Fatal(err)
	}
	net.fails = true
	if err := groups.Changed(t.Context(), web(2, "10.0.0.8/32")); err == nil {
		t.Fatal("nothing can be plugged, and no error is returned")
	}
	net.fails = false
	if err := groups.Changed(t.Context(), web(2, "10.0.0.8/32")); err != nil || net.admits("p") != "10.0.0.8/32" {
		t.Fatalf("told again, the port admits %s, %v", net.admits("p"), err)
	}
}

func TestAPortWhoseGroupStaysUnknownIsNotPlugged(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	net := &board{remotes: map[string][]netip.Prefix{}}
	if _, err := (&Booter{Network: net, Groups: &Groups{}}).plug(ctx, fromWeb); !errors.Is(err, errUnknownGroup) || net.plugs != 0 {
		t.Fatalf("plugged %d times, %v", net.plugs, err)
	}
}

package filter

import (
	"fmt"
	"sync"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// buffer must hold the answers to one transaction of the largest port.
const buffer = 16 << 20

// sets of the library have numbers from an unguarded counter.
var oneAtATime sync.Mutex

// ruleset is one transaction: all of it comes into force, or nothing.
type ruleset struct {
	of                        Instance
	conn                      *nftables.Conn
	bridge, inet              *nftables.Table
	ports, guards, froms, tos *nftables.Set
	zones                     *nftables.Set
	err                       error
}

// Install puts the port's rules in the place of those it had, in the network
// namespace of the calling thread. Where it fails, the old ones stay. The zones
// are those of all bridges of the host.
func (i Instance) Install(p Port, zones map[string]uint16) error {
	c, err := compile(p.Spec)
	if err != nil {
		return err
	}
	return i.transact(func(r *ruleset) {
		r.base()
		for kind, rules := range map[string][]rule{"guard": c.guard, "from": c.from, "to": c.to} {
			chain := r.chain(kind, p.Tap)
			r.conn.FlushChain(chain)
			for _, one := range rules {
				r.add(chain, one)
			}
		}
		r.elements(r.conn.SetAddElements, p.Tap)
		r.setZones(zones)
	})
}

// Remove takes the rules of a tap away; packets of a tap that is still there
// are dropped from then on. The zones are those of the bridges that stay.
func (i Instance) Remove(tap string, zones map[string]uint16) error {
	return i.transact(func(r *ruleset) {
		r.base() // what is deleted must be there: so one call serves, whatever was
		all := []*nftables.Chain{r.chain("guard", tap), r.chain("from", tap), r.chain("to", tap)}
		r.elements(r.conn.SetAddElements, tap)
		r.elements(r.conn.SetDeleteElements, tap)
		for _, chain := range all {
			r.conn.FlushChain(chain)
			r.conn.DelChain(chain)
		}
		r.setZones(zones)
	})
}

// RemoveAll takes both tables away.
func (i Instance) RemoveAll() error {
	return i.transact(func(r *ruleset) {
		r.conn.AddTable(r.bridge)
		r.conn.AddTable(r.inet)
		r.conn.DelTable(r.bridge)
		r.conn.DelTable(r.inet)
	})
}

func (i Instance) transact(fill func(*ruleset)) error {
	oneAtATime.Lock()
	defer oneAtATime.Unlock()
	conn, err := nftables.New(nftables.WithSockOptions(func(c *netlink.Conn) error {
		if err := c.SetReadBuffer(buffer); err != nil {
			return err
		}
		return c.SetWriteBuffer(buffer)
	}))
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	r := &ruleset{of: i, conn: conn,
		bridge: &nftables.Table{Name: i.table(), Family: nftables.TableFamilyBridge},
		inet:   &nftables.Table{Name: i.table(), Family: nftables.TableFamilyINet}}
	if fill(r); r.err != nil {
		return fmt.Errorf("nftables: %w", r.err)
	}
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	return nil
}

func (r *ruleset) check(err error) {
	if r.err == nil {
		r.err = err
	}
}

// base makes what all ports share, or makes it anew where someone changed it.
func (r *ruleset) base() {
	r.conn.AddTable(r.bridge)
	r.conn.AddTable(r.inet)
	set := func(t *nftables.Table, name string, isMap bool, data nftables.SetDatatype) *nftables.Set {
		s := &nftables.Set{Table: t, Name: name, KeyType: nftables.TypeIFName, KeyByteOrder: binaryutil.NativeEndian, IsMap: isMap, DataType: data}
		r.check(r.conn.AddSet(s, nil))
		return s
	}
	r.ports = set(r.bridge, "ports", false, nftables.SetDatatype{})
	r.guards = set(r.bridge, "guards", true, nftables.TypeVerdict)
	r.froms = set(r.bridge, "froms", true, nftables.TypeVerdict)
	r.tos = set(r.bridge, "tos", true, nftables.TypeVerdict)
	r.zones = set(r.inet, "zones", true, nftables.TypeInetService) // any two bytes do
	r.bridgeBase()
	r.inetBase()
}

func (r *ruleset) bridgeBase() {
	iif, oif := expr.MetaKeyIIFNAME, expr.MetaKeyOIFNAME
	is, isNot := expr.CmpOpEq, expr.CmpOpNeq
	pre := r.hook(r.bridge, "prerouting", nftables.ChainHookPrerouting, -300)
	r.line(pre, expr.VerdictDrop, device(iif, is, r.of.Tap()), r.unknown(iif))
	r.line(pre, expr.VerdictDrop, device(iif, is, r.of.Tunnel()), serviceMAC(6)) // bridges must not learn that it is elsewhere
	r.line(pre, -1, r.jump(iif, r.guards))

	fwd := r.hook(r.bridge, "forward", nftables.ChainHookForward, -200)
	r.line(fwd, expr.VerdictDrop, device(iif, is, r.of.Tap()), r.unknown(iif))
	r.line(fwd, expr.VerdictDrop, device(oif, is, r.of.Tap()), r.unknown(oif))
	// a network's services are for the guests of this host: other hosts have their own
	r.line(fwd, expr.VerdictDrop, device(iif, is, r.of.Service()), device(oif, isNot, r.of.Tap()))
	r.line(fwd, expr.VerdictDrop, device(oif, is, r.of.Service()), device(iif, isNot, r.of.Tap()))
	r.line(fwd, expr.VerdictDrop, device(oif, is, r.of.Tunnel()), serviceMAC(0))
	for _, end := range []expr.MetaKey{iif, oif} {
		r.line(fwd, expr.VerdictDrop, device(end, is, r.of.Tunnel()), etherType(etherIPv4), udp(68, 67))
		r.line(fwd, expr.VerdictDrop, device(end, is, r.of.Tunnel()), etherType(etherIPv4), udp(67, 68))
	}
	r.line(fwd, -1, r.jump(iif, r.froms))
	r.line(fwd, -1, r.jump(oif, r.tos))

	in := r.hook(r.bridge, "input", nftables.ChainHookInput, -200) // the host itself is no neighbour of guests
	r.line(in, expr.VerdictDrop, device(iif, is, r.of.Tap()))
	r.line(in, expr.VerdictDrop, device(iif, is, r.of.Service()))
	r.line(in, expr.VerdictDrop, device(iif, is, r.of.Tunnel()))
}

func (r *ruleset) inetBase() {
	ours := device(expr.MetaKeyIIFNAME, expr.CmpOpEq, r.of.Bridge())
	zone := r.hook(r.inet, "zone", nftables.ChainHookPrerouting, -300) // before conntrack
	r.line(zone, -1, []expr.Any{
		&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: register},
		&expr.Lookup{SourceRegister: register, DestRegister: register, IsDestRegSet: true, SetName: r.zones.Name, SetID: r.zones.ID},
		&expr.Ct{Key: expr.CtKeyZONE, Register: register, SourceRegister: true}})

	mark := r.hook(r.inet, "mark", nftables.ChainHookPrerouting, -150) // after it
	r.line(mark, -1, ours, setMark(0))
	r.line(mark, -1, ours, inState(expr.CtStateBitESTABLISHED|expr.CtStateBitRELATED), setMark(markReply))
	r.line(mark, -1, ours, inState(expr.CtStateBitINVALID), setMark(markStray))
	notSYN := []expr.Any{load(expr.PayloadBaseTransportHeader, 13, 1), masked([]byte{0x17}), notEqual([]byte{0x02})}
	r.line(mark, -1, ours, inState(expr.CtStateBitNEW), l4(protoTCP), notSYN, setMark(markStray))

	in := r.hook(r.inet, "input", nftables.ChainHookInput, 0)
	r.line(in, expr.VerdictDrop, ours)
}

// serviceMAC holds for frames whose MAC at an offset is that of a network's services.
func serviceMAC(offset int) []expr.Any {
	return []expr.Any{load(expr.PayloadBaseLLHeader, offset, len(ServiceMAC)), equal(ServiceMAC)}
}

func inState(bits uint32) []expr.Any {
	return []expr.Any{&expr.Ct{Key: expr.CtKeySTATE, Register: register},
		masked(binaryutil.NativeEndian.PutUint32(bits)), notEqual(make([]byte, 4))}
}

func setMark(m uint32) []expr.Any {
	return []expr.Any{&expr.Immediate{Register: register, Data: binaryutil.NativeEndian.PutUint32(m)},
		&expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: register}}
}

func (r *ruleset) hook(t *nftables.Table, name string, at *nftables.ChainHook, priority int) *nftables.Chain {
	p := nftables.ChainPriority(priority)
	c := r.conn.AddChain(&nftables.Chain{Table: t, Name: name, Hooknum: at, Priority: &p, Type: nftables.ChainTypeFilter})
	r.conn.FlushChain(c)
	return c
}

func (r *ruleset) chain(kind, tap string) *nftables.Chain {
	return r.conn.AddChain(&nftables.Chain{Table: r.bridge, Name: kind + "-" + tap})
}

// line adds a rule to a base chain; a verdict of -1 is none.
func (r *ruleset) line(c *nftables.Chain, v expr.VerdictKind, parts ...[]expr.Any) {
	all := when(pass, parts...).match
	if v != -1 {
		all = append(all, &expr.Verdict{Kind: v})
	}
	r.conn.AddRule(&nftables.Rule{Table: c.Table, Chain: c, Exprs: all})
}

func (r *ruleset) unknown(key expr.MetaKey) []expr.Any {
	return []expr.Any{&expr.Meta{Key: key, Register: register},
		&expr.Lookup{SourceRegister: register, SetName: r.ports.Name, SetID: r.ports.ID, Invert: true}}
}

func (r *ruleset) jump(key expr.MetaKey, m *nftables.Set) []expr.Any {
	return []expr.Any{&expr.Meta{Key: key, Register: register},
		&expr.Lookup{SourceRegister: register, DestRegister: unix.NFT_REG_VERDICT, IsDestRegSet: true, SetName: m.Name, SetID: m.ID}}
}

// elements adds the tap to the maps, or deletes it from them.
func (r *ruleset) elements(do func(*nftables.Set, []nftables.SetElement) error, tap string) {
	r.check(do(r.ports, []nftables.SetElement{{Key: ifname(tap)}}))
	for kind, m := range map[string]*nftables.Set{"guard": r.guards, "from": r.froms, "to": r.tos} {
		to := &expr.Verdict{Kind: expr.VerdictJump, Chain: kind + "-" + tap}
		r.check(do(m, []nftables.SetElement{{Key: ifname(tap), VerdictData: to}}))
	}
}

func (r *ruleset) setZones(zones map[string]uint16) {
	r.conn.FlushSet(r.zones)
	for bridge, zone := range zones {
		r.check(r.conn.SetAddElements(r.zones, []nftables.SetElement{{Key: ifname(bridge), Val: binaryutil.NativeEndian.PutUint16(zone)}}))
	}
}

func (r *ruleset) add(c *nftables.Chain, one rule) {
	all := one.match[:len(one.match):len(one.match)]
	if len(one.in) > 0 {
		s := r.spanSet(one.in)
		all = append(all, &expr.Lookup{SourceRegister: register, SetName: s.Name, SetID: s.ID})
	}
	v := expr.VerdictReturn
	if one.then == drop {
		v = expr.VerdictDrop
	}
	r.conn.AddRule(&nftables.Rule{Table: c.Table, Chain: c, Exprs: append(all, &expr.Verdict{Kind: v})})
}

// spanSet makes a set that lives and dies with the rule it is made for.
func (r *ruleset) spanSet(in []span) *nftables.Set {
	s := &nftables.Set{Table: r.bridge, Anonymous: true, Constant: true, Interval: true, KeyType: nftables.TypeIPAddr}
	if in[0].first.Is6() {
		s.KeyType = nftables.TypeIP6Addr
	}
	var all []nftables.SetElement
	for _, one := range in {
		all = append(all, nftables.SetElement{Key: one.first.AsSlice()})
		if next := one.last.Next(); next.IsValid() {
			all = append(all, nftables.SetElement{Key: next.AsSlice(), IntervalEnd: true})
		}
	}
	r.check(r.conn.AddSet(s, all))
	return s
}

package netdev

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"skylog/workers/compute"
)

func TestAGuestRenewsItsLeaseByUnicast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.plug(portSpec(1, 7)).configure()
	req, err := dhcpv4.New(dhcpv4.WithHwAddr(mac(g.spec.MAC)), dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest), dhcpv4.WithClientIP(net.IPv4(10, 0, 0, 11)))
	if err != nil {
		t.Fatal(err)
	}
	var c *net.UDPConn
	g.in(func() (err error) {
		c, err = net.DialUDP("udp4", &net.UDPAddr{Port: 68}, &net.UDPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 67})
		return err
	})
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.Write(req.ToBytes()); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1500)
	_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	if ack, err := dhcpv4.FromBytes(buf[:n]); err != nil || ack.MessageType() != dhcpv4.MessageTypeAck {
		t.Errorf("%v, %v", ack, err)
	}
}

func TestServicesComeBackWhenTheirLinkWasTakenAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := portSpec(1, 7)
	g := w.plug(p).configure()
	for _, take := range []func() error{
		func() error { return removeLink(w.host.segmentOf(p).link()) },
		func() error { return removeNamespace(w.host.segmentOf(p).namespace()) },
	} {
		if err := w.host.Do(take); err != nil {
			t.Fatal(err)
		}
		w.plug(p)
		if _, err := g.lease(); err != nil {
			t.Errorf("DHCP: %v", err)
		}
		if code, _ := g.get("/openstack/latest/meta_data.json", nil); code != 200 {
			t.Errorf("metadata: %d", code)
		}
	}
}

func TestWithoutAGatewayMetadataIsOnTheLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := portSpec(1, 7)
	p.FixedIPs[0].Gateway, p.FixedIPs[0].ServiceAddr = netip.Addr{}, netip.Addr{}
	g := w.plug(p)
	lease, err := g.lease()
	if err != nil {
		t.Fatal(err)
	}
	if r := lease.ACK.ClasslessStaticRoute(); len(r) != 1 || !r[0].Router.Equal(net.IPv4zero) {
		t.Errorf("routes %v", r)
	}
	g.configure() // with a route upon the link, as told
	if code, _ := g.get("/openstack/latest/meta_data.json", nil); code != 200 {
		t.Errorf("metadata: %d", code)
	}
}

func TestAnEmptyRemoteGroupStaysEmptyOnFile(t *testing.T) {
	dir := t.TempDir()
	p := portSpec(1, 7)
	p.Rules = []compute.Rule{{Ingress: true, Remotes: []netip.Prefix{}}}
	h := &Host{opts: Options{Dir: dir}}
	if err := (record{ID: p.ID, Tap: h.tapName(p.ID), Zone: 1, Spec: p}).save(h.dir()); err != nil {
		t.Fatal(err)
	}
	got, err := h.loadRecords()
	if err != nil {
		t.Fatal(err)
	}
	if r := got[p.ID].Spec.Rules; len(r) != 1 || r[0].Remotes == nil {
		t.Errorf("read back as %+v: nobody has become anybody", r)
	}
}

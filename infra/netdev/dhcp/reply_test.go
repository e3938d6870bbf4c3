package dhcp

import (
	"net"
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

var (
	guestMAC = net.HardwareAddr{0xfa, 0x16, 0x3e, 0, 0, 1}
	home     = Lease{
		Address: netip.MustParseAddr("10.0.0.11"), Subnet: netip.MustParsePrefix("10.0.0.0/20"),
		Server: netip.MustParseAddr("10.0.0.2"), Gateway: netip.MustParseAddr("10.0.0.1"),
		DNS:    []netip.Addr{netip.MustParseAddr("9.9.9.9"), netip.MustParseAddr("2620:fe::fe")},
		Routes: []Route{{netip.MustParsePrefix("192.168.7.0/24"), netip.MustParseAddr("10.0.0.5")}},
		MTU:    1450, Hostname: "vm.example.org",
	}
)

func ask(t *testing.T, kind dhcpv4.MessageType, mods ...dhcpv4.Modifier) *dhcpv4.DHCPv4 {
	t.Helper()
	d, err := dhcpv4.New(append([]dhcpv4.Modifier{dhcpv4.WithHwAddr(guestMAC), dhcpv4.WithMessageType(kind)}, mods...)...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func wants(ip string) dhcpv4.Modifier {
	return dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(net.ParseIP(ip)))
}

func from(ip string) dhcpv4.Modifier {
	return dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.ParseIP(ip)))
}

func TestEachRequestGetsWhatItsKindDeserves(t *testing.T) {
	const silence = dhcpv4.MessageTypeNone
	has := func(ip string) dhcpv4.Modifier { return dhcpv4.WithClientIP(net.ParseIP(ip)) }
	relayed := func(d *dhcpv4.DHCPv4) { d.GatewayIPAddr = net.IP{10, 9, 9, 9} }
	reply := func(d *dhcpv4.DHCPv4) { d.OpCode = dhcpv4.OpcodeBootReply }
	for name, c := range map[string]struct {
		req  *dhcpv4.DHCPv4
		want dhcpv4.MessageType
	}{
		"discover":                      {ask(t, dhcpv4.MessageTypeDiscover), dhcpv4.MessageTypeOffer},
		"discover wishing another":      {ask(t, dhcpv4.MessageTypeDiscover, wants("10.0.0.99")), dhcpv4.MessageTypeOffer},
		"our offer taken":               {ask(t, dhcpv4.MessageTypeRequest, wants("10.0.0.11"), from("10.0.0.2")), dhcpv4.MessageTypeAck},
		"another server's offer taken":  {ask(t, dhcpv4.MessageTypeRequest, wants("10.0.0.11"), from("10.0.0.3")), silence},
		"our offer bent":                {ask(t, dhcpv4.MessageTypeRequest, wants("10.0.0.12"), from("10.0.0.2")), dhcpv4.MessageTypeNak},
		"reboot with the right address": {ask(t, dhcpv4.MessageTypeRequest, wants("10.0.0.11")), dhcpv4.MessageTypeAck},
		"reboot with a foreign address": {ask(t, dhcpv4.MessageTypeRequest, wants("192.168.1.4")), dhcpv4.MessageTypeNak},
		"renewal":                       {ask(t, dhcpv4.MessageTypeRequest, has("10.0.0.11")), dhcpv4.MessageTypeAck},
		"renewal of a foreign address":  {ask(t, dhcpv4.MessageTypeRequest, has("10.0.0.12")), dhcpv4.MessageTypeNak},
		"request for nothing":           {ask(t, dhcpv4.MessageTypeRequest), dhcpv4.MessageTypeNak},
		"inform":                        {ask(t, dhcpv4.MessageTypeInform, has("10.0.0.11")), dhcpv4.MessageTypeAck},
		"inform of a foreign address":   {ask(t, dhcpv4.MessageTypeInform, has("10.0.0.12")), silence},
		"release":                       {ask(t, dhcpv4.MessageTypeRelease, has("10.0.0.11")), silence},
		"decline":                       {ask(t, dhcpv4.MessageTypeDecline), silence},
		"relayed":                       {ask(t, dhcpv4.MessageTypeDiscover, relayed), silence},
		"a reply":                       {ask(t, dhcpv4.MessageTypeDiscover, reply), silence},
	} {
		got, err := Reply(c.req, home)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		kind := silence
		if got != nil {
			kind = got.MessageType()
			if kind != dhcpv4.MessageTypeNak && c.req.MessageType() != dhcpv4.MessageTypeInform && got.YourIPAddr.String() != "10.0.0.11" {
				t.Errorf("%s: given %s", name, got.YourIPAddr)
			}
		}
		if kind != c.want {
			t.Errorf("%s: answered %s, want %s", name, kind, c.want)
		}
	}
}

func TestAnAckTellsAllOfTheSubnet(t *testing.T) {
	ack, err := Reply(ask(t, dhcpv4.MessageTypeRequest, wants("10.0.0.11")), home)
	if err != nil {
		t.Fatal(err)
	}
	got, err := dhcpv4.FromBytes(ack.ToBytes()) // as the guest reads it
	if err != nil {
		t.Fatal(err)
	}
	if m := net.IP(got.SubnetMask()).String(); m != "255.255.240.0" {
		t.Errorf("mask %s", m)
	}
	if b := got.BroadcastAddress().String(); b != "10.0.15.255" {
		t.Errorf("broadcast %s", b)
	}
	if r := got.Router(); len(r) != 1 || r[0].String() != "10.0.0.1" {
		t.Errorf("router %v", r)
	}
	if d := got.DNS(); len(d) != 1 || d[0].String() != "9.9.9.9" {
		t.Errorf("DNS %v", d)
	}
	if m, err := dhcpv4.GetUint16(dhcpv4.OptionInterfaceMTU, got.Options); err != nil || m != 1450 {
		t.Errorf("MTU %d, %v", m, err)
	}
	if h := got.HostName(); h != "vm" {
		t.Errorf("hostname %q", h)
	}
	want := "169.254.169.254/32 10.0.0.2, 192.168.7.0/24 10.0.0.5, 0.0.0.0/0 10.0.0.1"
	if r := routesOf(got); r != want {
		t.Errorf("routes %s, want %s", r, want)
	}
	if s := got.IPAddressLeaseTime(0); s != leaseTime {
		t.Errorf("lease %s", s)
	}
}

func TestWithoutAnAddressInTheSubnetMetadataIsOnTheLink(t *testing.T) {
	l := home
	l.Server, l.Gateway, l.Routes = metadataAddr, netip.Addr{}, nil
	offer, err := Reply(ask(t, dhcpv4.MessageTypeDiscover), l)
	if err != nil {
		t.Fatal(err)
	}
	if r := routesOf(offer); r != "169.254.169.254/32 0.0.0.0" {
		t.Errorf("routes %s", r)
	}
	if r := offer.Router(); len(r) != 0 {
		t.Errorf("router %v without a gateway", r)
	}
}

func routesOf(d *dhcpv4.DHCPv4) (s string) {
	for i, r := range d.ClasslessStaticRoute() {
		if i > 0 {
			s += ", "
		}
		s += r.Dest.String() + " " + r.Router.String()
	}
	return s
}

func TestAnAnswerGoesToTheGuestAloneWhereItCan(t *testing.T) {
	ack := func(req *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		r, err := Reply(req, home)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for want, req := range map[string]*dhcpv4.DHCPv4{
		"10.0.0.11:68":       ask(t, dhcpv4.MessageTypeDiscover),
		"255.255.255.255:68": ask(t, dhcpv4.MessageTypeDiscover, dhcpv4.WithBroadcast(true)),
	} {
		if got := destination(req, ack(req)).String(); got != want {
			t.Errorf("sent to %s, want %s", got, want)
		}
	}
	nak := ask(t, dhcpv4.MessageTypeRequest, wants("1.2.3.4"))
	if got := destination(nak, ack(nak)).IP.String(); got != "255.255.255.255" {
		t.Errorf("refusal sent to %s", got)
	}
}

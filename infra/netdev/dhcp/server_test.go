package dhcp

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/time/rate"
)

func TestAServerAnswersKnownMACsOnlyAndNotTooOften(t *testing.T) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s := Serve(conn, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { _ = s.Close() })
	s.SetLeases(map[string]Lease{guestMAC.String(): home})
	g := s.guests[guestMAC.String()]
	g.limit = rate.NewLimiter(0, 2)

	s.SetLeases(map[string]Lease{guestMAC.String(): home})
	if s.guests[guestMAC.String()].limit != g.limit {
		t.Error("a change of leases gives everyone a fresh allowance")
	}
	stranger := ask(t, dhcpv4.MessageTypeDiscover, dhcpv4.WithHwAddr(net.HardwareAddr{2, 0, 0, 0, 0, 9}))
	for _, packet := range [][]byte{nil, {1, 2, 3}, stranger.ToBytes()} {
		s.answer(nil, packet) // a nil socket: to answer would panic
	}
	g.limit.AllowN(time.Now(), 2)
	s.answer(nil, ask(t, dhcpv4.MessageTypeDiscover).ToBytes())
}

package dhcp

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/net/ipv4"
	"golang.org/x/time/rate"
)

// What a network and what one guest may ask a second; the rest is dropped
// unread, as a lost packet would be, and clients ask again.
const (
	networkRate, networkBurst = 100, 200
	guestRate, guestBurst     = 5, 10
)

// Server answers on one socket, which must have been opened in the network's
// own namespace and be bound to its device.
type Server struct {
	conn *net.UDPConn
	log  *slog.Logger
	all  *rate.Limiter

	mu     sync.Mutex
	guests map[string]*guest // by MAC
}

type guest struct {
	lease Lease
	limit *rate.Limiter
}

// Serve answers on conn from now until Close.
func Serve(conn *net.UDPConn, log *slog.Logger) *Server {
	s := &Server{conn: conn, log: log, all: rate.NewLimiter(networkRate, networkBurst), guests: map[string]*guest{}}
	go s.run()
	return s
}

// SetLeases replaces all leases; the keys are MACs as net.HardwareAddr prints them.
func (s *Server) SetLeases(leases map[string]Lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := make(map[string]*guest, len(leases))
	for mac, l := range leases {
		g := &guest{lease: l, limit: rate.NewLimiter(guestRate, guestBurst)}
		if old := s.guests[mac]; old != nil {
			g.limit = old.limit
		}
		next[mac] = g
	}
	s.guests = next
}

// Close ends the server and its socket.
func (s *Server) Close() error { return s.conn.Close() }

func (s *Server) run() {
	out := ipv4.NewPacketConn(s.conn)
	buf := make([]byte, 1500)
	for {
		n, _, err := s.conn.ReadFromUDP(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || !s.all.Allow() {
			continue // an ICMP error of an earlier answer, or too many requests
		}
		s.answer(out, buf[:n])
	}
}

func (s *Server) answer(out *ipv4.PacketConn, packet []byte) {
	req, err := dhcpv4.FromBytes(packet)
	if err != nil {
		return // whatever a guest sent, it was no DHCP
	}
	s.mu.Lock()
	g := s.guests[req.ClientHWAddr.String()]
	s.mu.Unlock()
	if g == nil || !g.limit.Allow() {
		return
	}
	reply, err := Reply(req, g.lease)
	if err != nil || reply == nil {
		return
	}
	cm := &ipv4.ControlMessage{Src: g.lease.Server.AsSlice()}
	if _, err := out.WriteTo(reply.ToBytes(), cm, destination(req, reply)); err != nil {
		s.log.Warn("dhcp answer not sent", "mac", req.ClientHWAddr.String(), "address", g.lease.Address, "error", err)
	}
}

// destination follows RFC 2131 4.1. That an answer can be sent to an address
// which the guest doesn't have yet needs a neighbour entry; whoever plugs the port sets it.
func destination(req, reply *dhcpv4.DHCPv4) *net.UDPAddr {
	to := netip.IPv4Unspecified()
	switch {
	case reply.MessageType() == dhcpv4.MessageTypeNak:
	case !isZero(req.ClientIPAddr):
		to, _ = netip.AddrFromSlice(req.ClientIPAddr)
	case !req.IsBroadcast():
		to, _ = netip.AddrFromSlice(reply.YourIPAddr)
	}
	ip := net.IP(to.Unmap().AsSlice())
	if to.IsUnspecified() {
		ip = net.IPv4bcast
	}
	return &net.UDPAddr{IP: ip, Port: dhcpv4.ClientPort}
}

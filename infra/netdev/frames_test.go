package netdev

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/mdlayher/packet"
)

// Frames are made by hand: no honest library sends these.

func ether(dst, src net.HardwareAddr, kind uint16, body ...[]byte) []byte {
	f := append(append([]byte{}, dst...), src...)
	f = binary.BigEndian.AppendUint16(f, kind)
	return append(f, bytes.Join(body, nil)...)
}

func tagged(vlan uint16, f []byte) []byte {
	tag := binary.BigEndian.AppendUint16([]byte{0x81, 0x00}, vlan)
	return bytes.Join([][]byte{f[:12], tag, f[12:]}, nil)
}

func ipv4(src, dst string, proto byte, body []byte) []byte {
	h := []byte{0x45, 0, 0, 0, 0, 1, 0, 0, 64, proto, 0, 0}
	binary.BigEndian.PutUint16(h[2:], uint16(20+len(body)))
	s, d := netip.MustParseAddr(src).As4(), netip.MustParseAddr(dst).As4()
	h = append(append(h, s[:]...), d[:]...)
	binary.BigEndian.PutUint16(h[10:], checksum(h))
	return append(h, body...)
}

func ipv6(src, dst string, proto byte, body []byte) []byte {
	h := []byte{0x60, 0, 0, 0, 0, 0, proto, 255}
	binary.BigEndian.PutUint16(h[4:], uint16(len(body)))
	s, d := netip.MustParseAddr(src).As16(), netip.MustParseAddr(dst).As16()
	return append(append(append(h, s[:]...), d[:]...), body...)
}

func udp(from, to uint16, body []byte) []byte {
	var h []byte
	for _, v := range []uint16{from, to, uint16(8 + len(body)), 0} {
		h = binary.BigEndian.AppendUint16(h, v)
	}
	return append(h, body...)
}

// tcpACK is a segment in the middle of a connection that nobody knows.
func tcpACK(src, dst string, body []byte) []byte {
	var h []byte
	for _, v := range []uint16{9, 9, 0, 1, 0, 1, 0x5010, 1024, 0, 0} {
		h = binary.BigEndian.AppendUint16(h, v)
	}
	h = append(h, body...)
	s, d := netip.MustParseAddr(src).As4(), netip.MustParseAddr(dst).As4()
	pseudo := bytes.Join([][]byte{s[:], d[:], {0, 6}, binary.BigEndian.AppendUint16(nil, uint16(len(h))), h, make([]byte, len(h)%2)}, nil)
	binary.BigEndian.PutUint16(h[16:], checksum(pseudo))
	return h
}

func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	sum = sum&0xffff + sum>>16
	return ^uint16(sum&0xffff + sum>>16)
}

func arp(op byte, mac net.HardwareAddr, ip, target string) []byte {
	s, d := netip.MustParseAddr(ip).As4(), netip.MustParseAddr(target).As4()
	return bytes.Join([][]byte{{0, 1, 8, 0, 6, 4, 0, op}, mac, s[:], make([]byte, 6), d[:]}, nil)
}

func bootRequest(mac net.HardwareAddr) []byte {
	b := make([]byte, 240)
	copy(b, []byte{1, 1, 6, 0})
	copy(b[28:], mac)
	copy(b[236:], []byte{99, 130, 83, 99})
	return b
}

func (g *guest) socket() *packet.Conn {
	g.t.Helper()
	var c *packet.Conn
	g.in(func() error {
		dev, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		c, err = packet.Listen(dev, packet.Raw, 0x0003, nil) // every kind of frame
		return err
	})
	g.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (g *guest) send(frames ...[]byte) {
	g.t.Helper()
	c := g.socket()
	for _, f := range frames {
		if _, err := c.WriteTo(f, &packet.Addr{HardwareAddr: f[:6]}); err != nil {
			g.t.Fatal(err)
		}
	}
}

// readUntil collects frames until one holds the marker, and a moment longer for
// those that were overtaken.
func (g *guest) readUntil(c *packet.Conn, marker string) (frames [][]byte) {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), 2*time.Second)
	defer cancel()
	deadline, _ := ctx.Deadline()
	seen := false
	for buf := make([]byte, 4096); ; {
		_ = c.SetReadDeadline(deadline)
		n, _, err := c.ReadFrom(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			g.t.Fatal(err)
		}
		frames = append(frames, bytes.Clone(buf[:n]))
		if !seen && bytes.Contains(buf[:n], []byte(marker)) {
			seen, deadline = true, time.Now().Add(20*time.Millisecond)
		}
	}
	if !seen {
		g.t.Fatal("the marker never came")
	}
	return frames
}

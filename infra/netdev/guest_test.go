package netdev

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
	"github.com/vishvananda/netlink"
)

func mac(s string) net.HardwareAddr {
	m, err := net.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

func carrier(ns, name string) (up bool) {
	_ = inNamespace(ns, func() error {
		l, err := netlink.LinkByName(name)
		up = err == nil && l.Attrs().OperState == netlink.OperUp
		return err
	})
	return up
}

func (g *guest) in(fn func() error) {
	g.t.Helper()
	if err := inNamespace(g.ns, fn); err != nil {
		g.t.Fatal(err)
	}
}

// configure gives the guest its address and its way to metadata, as DHCP would.
func (g *guest) configure() *guest {
	g.t.Helper()
	g.address(g.spec.FixedIPs[0].Address, 24)
	return g
}

func (g *guest) address(a netip.Addr, bits int) {
	g.t.Helper()
	g.in(func() error {
		l, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		err = netlink.AddrReplace(l, &netlink.Addr{IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(bits, a.BitLen())}, Flags: 0x02}) // no wait for doubles
		if err != nil || !a.Is4() {
			return err
		}
		return netlink.RouteReplace(&netlink.Route{LinkIndex: l.Attrs().Index, Gw: g.spec.FixedIPs[0].ServiceAddr.AsSlice(), Scope: scope(g.spec.FixedIPs[0].ServiceAddr),
			Dst: &net.IPNet{IP: metadataAddr.AsSlice(), Mask: net.CIDRMask(32, 32)}})
	})
}

// lease asks for an address.
func (g *guest) lease(mods ...nclient4.ClientOpt) (*nclient4.Lease, error) {
	g.t.Helper()
	var client *nclient4.Client
	g.in(func() (err error) {
		client, err = nclient4.New("eth0", append([]nclient4.ClientOpt{nclient4.WithTimeout(300 * time.Millisecond), nclient4.WithRetry(3)}, mods...)...)
		return err
	})
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(g.t.Context(), 3*time.Second)
	defer cancel()
	return client.Request(ctx)
}

// listen answers every TCP connection to the port with its own name.
func (g *guest) listen(port int) {
	name := g.spec.Metadata.Hostname
	g.t.Helper()
	var l net.Listener
	g.in(func() (err error) { l, err = net.Listen("tcp", fmt.Sprintf(":%d", port)); return err })
	g.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go echo(c, name)
		}
	}()
}

// echo greets and then sends back what comes.
func echo(c net.Conn, name string) {
	defer func() { _ = c.Close() }()
	_, _ = fmt.Fprintln(c, name)
	buf := make([]byte, 64)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		_, _ = c.Write(buf[:n])
	}
}

func (g *guest) connect(to netip.Addr, port int, wait time.Duration) (c net.Conn, err error) {
	g.t.Helper()
	err = inNamespace(g.ns, func() (err error) {
		c, err = net.DialTimeout("tcp", netip.AddrPortFrom(to, uint16(port)).String(), wait)
		return err
	})
	if err == nil {
		g.t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

// dial connects and reads the greeting.
func (g *guest) dial(to netip.Addr, port int, wait time.Duration) (net.Conn, string, error) {
	g.t.Helper()
	c, err := g.connect(to, port, wait)
	if err != nil {
		return nil, "", err
	}
	buf := make([]byte, 64)
	_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
	n, err := c.Read(buf)
	return c, strings.TrimSpace(string(buf[:n])), err
}

// answers sends a line and waits for its echo.
func answers(c net.Conn, wait time.Duration) bool {
	_ = c.SetDeadline(time.Now().Add(wait))
	if _, err := c.Write([]byte("?")); err != nil {
		return false
	}
	n, err := c.Read(make([]byte, 1))
	return err == nil && n == 1
}

// get asks the metadata service.
func (g *guest) get(path string, headers map[string]string) (int, string) {
	g.t.Helper()
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, addr string) (c net.Conn, err error) {
			err = inNamespace(g.ns, func() (err error) {
				c, err = (&net.Dialer{}).DialContext(ctx, network, addr)
				return err
			})
			return c, err
		},
	}}
	req, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, "http://169.254.169.254"+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	res, err := client.Do(req)
	if err != nil {
		g.t.Error(err)
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		g.t.Error(err)
	}
	return res.StatusCode, string(body)
}

// scope of a route by way of a neighbour, or on the link where there is none.
func scope(via netip.Addr) netlink.Scope {
	if via.IsValid() {
		return netlink.SCOPE_UNIVERSE
	}
	return netlink.SCOPE_LINK
}

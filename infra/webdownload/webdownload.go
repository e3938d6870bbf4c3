// Package webdownload opens what is at an address that a user gave, without
// letting that user reach what only this machine can: hosts, schemes and ports
// are those that the operator allows, a name is resolved once and only the
// address that was checked is connected to, and each redirect is checked anew.
// It knows nothing of what is downloaded, nor how much of it is wanted.
package webdownload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Guard says what may be reached, and opens it.
type Guard struct {
	// Hosts are the names that may be asked; "*" is every one. Empty: none.
	Hosts []string
	// Schemes and Ports are by which; empty: http and https, 80 and 443.
	Schemes []string
	Ports   []int
	// Networks are those that may be reached though they aren't public.
	Networks []netip.Prefix
	// Lookup resolves a name; nil: the system does.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Idle is how long nothing may come; zero is a minute.
	Idle time.Duration
}

const (
	maxRedirects = 5
	connecting   = 10 * time.Second
	answering    = 30 * time.Second
	idle         = time.Minute
)

// errRefused is that an address may not be asked.
var errRefused = errors.New("not allowed")

// numeric is how the last part of a name looks that is an address in one of the
// forms that only some resolvers read: decimal, octal, hexadecimal.
var numeric = regexp.MustCompile(`^(?:0[xX][0-9a-fA-F]*|[0-9]+)$`)

// plainHost is a name or an address without anything that readers differ about.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.\-:]+$`)

// Check says whether an address may be asked, as far as it can be told without
// resolving its name.
func (g *Guard) Check(uri string) error {
	u, err := url.Parse(uri)
	if err != nil {
		return fmt.Errorf("%w: it can't be read", errRefused)
	}
	return g.check(u)
}

func (g *Guard) check(u *url.URL) error {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	labels := strings.Split(host, ".")
	address, err := netip.ParseAddr(host)
	switch {
	case u.Opaque != "" || u.User != nil:
		return fmt.Errorf("%w: only plain addresses are", errRefused)
	case !slices.Contains(or(g.Schemes, "http", "https"), strings.ToLower(u.Scheme)):
		return fmt.Errorf("%w: scheme %s", errRefused, u.Scheme)
	case host == "" || !plainHost.MatchString(host) || len(host) > 253:
		return fmt.Errorf("%w: the host", errRefused)
	case err != nil && numeric.MatchString(labels[len(labels)-1]):
		return fmt.Errorf("%w: an address in an odd form", errRefused)
	case !slices.Contains(g.Hosts, "*") && !slices.ContainsFunc(g.Hosts, func(h string) bool { return strings.EqualFold(h, host) }):
		return fmt.Errorf("%w: host %s", errRefused, host)
	case !slices.Contains(or(g.Ports, 80, 443), portOf(u)):
		return fmt.Errorf("%w: port %s", errRefused, u.Port())
	case err == nil && !g.reachable(address):
		return fmt.Errorf("%w: address %s", errRefused, address)
	}
	return nil
}

func or[T any](given []T, otherwise ...T) []T {
	if len(given) == 0 {
		return otherwise
	}
	return given
}

func portOf(u *url.URL) int {
	if u.Port() == "" {
		return map[string]int{"http": 80, "https": 443}[strings.ToLower(u.Scheme)]
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return -1
	}
	return port
}

// special are the networks of the global unicast space that aren't the public's,
// or lead to such by a translation.
var special = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")

// ordinary is the part of IPv6 that is given out for use.
var ordinary = netip.MustParsePrefix("2000::/3")

func prefixes(all ...string) (out []netip.Prefix) {
	for _, p := range all {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// reachable says whether an address is everybody's, or one that the operator allows.
func (g *Guard) reachable(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	within := func(p netip.Prefix) bool { return p.Contains(a) }
	switch {
	case slices.ContainsFunc(g.Networks, within):
		return true
	case !a.IsGlobalUnicast(), a.IsPrivate(), a.Is6() && !ordinary.Contains(a):
		return false
	}
	return !slices.ContainsFunc(special, within)
}

// dial connects to a host that was resolved here and now, once.
func (g *Guard) dial(ctx context.Context, network, target string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return nil, err
	}
	lookup := g.Lookup
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	addresses, err := lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addresses { // one that leads inside spoils all: such a name is up to something
		if !g.reachable(a) {
			return nil, fmt.Errorf("%w: %s is at %s", errRefused, host, a)
		}
	}
	err = fmt.Errorf("%s has no address", host)
	dialer := net.Dialer{Timeout: connecting}
	for _, a := range addresses {
		var c net.Conn
		if c, err = dialer.DialContext(ctx, network, net.JoinHostPort(a.Unmap().String(), port)); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// Open opens what is at an address. The bytes are as they were sent: nothing is
// unpacked.
func (g *Guard) Open(ctx context.Context, uri string) (io.ReadCloser, error) {
	if err := g.Check(uri); err != nil {
		return nil, err
	}
	transport := &http.Transport{DialContext: g.dial, DisableCompression: true, DisableKeepAlives: true, TLSHandshakeTimeout: connecting,
		ResponseHeaderTimeout: answering, MaxResponseHeaderBytes: 64 << 10} // no proxy: it would resolve names anew
	client := http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("%w: more than %d redirects", errRefused, maxRedirects)
		}
		r.Header.Del("Referer") // what it came from may be secret
		return g.check(r.URL)
	}}
	ctx, cancel := context.WithCancel(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	reply, err := client.Do(request)
	if err != nil {
		cancel()
		return nil, withoutURL(err)
	}
	if reply.StatusCode != http.StatusOK {
		cancel()
		reply.Body.Close()
		return nil, fmt.Errorf("the answer is %s", reply.Status)
	}
	patience := g.Idle
	if patience == 0 {
		patience = idle
	}
	return &body{ReadCloser: reply.Body, cancel: cancel, patience: patience, timer: time.AfterFunc(patience, cancel), want: reply.ContentLength}, nil
}

// withoutURL takes the address out of an error: what is in it may be secret.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// body is a download that may not stand still, nor end before its end.
type body struct {
	io.ReadCloser
	cancel     context.CancelFunc
	patience   time.Duration
	timer      *time.Timer
	size, want int64 // want is -1 where it wasn't said
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.timer.Reset(b.patience)
	}
	if b.size += int64(n); err == io.EOF && b.want >= 0 && b.size != b.want {
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

func (b *body) Close() error {
	b.timer.Stop()
	b.cancel()
	return b.ReadCloser.Close()
}

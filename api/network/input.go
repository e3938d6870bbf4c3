package network

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"skylog/api"
	"skylog/commands"
)

// bad refuses an attribute in Neutron's words.
func bad(attribute, reason string, args ...any) error {
	return commands.RefuseAs(commands.Invalid, "HTTPBadRequest", "Invalid input for %s. Reason: %s.", attribute, fmt.Sprintf(reason, args...))
}

// clip shortens what is quoted back to its sender.
func clip(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}

func address(attribute, s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		return netip.Addr{}, bad(attribute, "'%s' is not a valid IP address", clip(s))
	}
	return a, nil
}

// cidr reads a prefix; an address alone is a prefix of its own.
func cidr(attribute, s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if a, alone := netip.ParseAddr(s); err != nil && alone == nil && a.Zone() == "" {
		p, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, bad(attribute, "'%s' is not a valid IP subnet", clip(s))
	}
	return p, nil
}

// hardware reads a MAC that a single host can have.
func hardware(attribute, s string) (string, error) {
	mac, err := net.ParseMAC(s)
	if err != nil || len(mac) != 6 || mac[0]&1 == 1 || bytes.Equal(mac, make([]byte, 6)) {
		return "", bad(attribute, "'%s' is not a valid MAC address", clip(s))
	}
	return mac.String(), nil
}

// integer reads a number, which clients also send as text.
func integer(attribute string, v any) (*int, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<31 {
			n := int(v)
			return &n, nil
		}
	case string:
		if n, err := strconv.ParseInt(v, 10, 32); err == nil {
			n := int(n)
			return &n, nil
		}
	}
	return nil, bad(attribute, "'%s' is not an integer", clip(fmt.Sprint(v)))
}

// Owned are the two names under which the owner of a new thing may be sent.
type Owned struct {
	TenantID  string `json:"tenant_id,omitempty" maxLength:"255"`
	ProjectID string `json:"project_id,omitempty" maxLength:"255"`
}

// owner is whose the new thing is to be: the caller's project's, or another's
// where an administrator says so.
func (o Owned) owner(ctx context.Context) (string, error) {
	own, asked := api.From(ctx).ProjectID, o.ProjectID
	if asked == "" {
		asked = o.TenantID
	}
	switch {
	case o.ProjectID != "" && o.TenantID != "" && o.ProjectID != o.TenantID:
		return "", commands.Refuse(commands.Invalid, "'project_id' and 'tenant_id' do not match")
	case asked == "" && own == "":
		return "", commands.Refuse(commands.Invalid, "The token has no project, so project_id must be given.")
	case asked == "" || asked == own:
		return own, nil
	case !isAdmin(ctx):
		return "", commands.Refuse(commands.Invalid, "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin privileges")
	}
	return asked, nil
}

func isAdmin(ctx context.Context) bool { return api.Can(ctx, "context_is_admin", api.Target{}) }

// revision reads the revision that a change is bound to; 0: any.
func revision(ctx context.Context) (int, error) {
	header := api.HTTP(ctx).Header.Get("If-Match")
	if header == "" {
		return 0, nil
	}
	text, ok := strings.CutPrefix(header, "revision_number=")
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 0 {
		return 0, api.FailAs(http.StatusBadRequest, "HTTPBadRequest", "Invalid value for 'If-Match' header. Expected 'revision_number=<N>'.")
	}
	if n == 0 {
		n = -1 // no thing has this revision, and 0 would mean any
	}
	return n, nil
}

// maxBulk is how many things one request may make.
const maxBulk = 200

// bulk are the things that a request makes, and whether it asked for several.
func bulk[T any](name string, one *T, several []T) ([]T, bool, error) {
	switch {
	case one != nil && several == nil:
		return []T{*one}, false, nil
	case one != nil || len(several) == 0:
		return nil, false, commands.Refuse(commands.Invalid, "Unable to find '%s' in request body", name)
	case len(several) > maxBulk:
		return nil, false, commands.Refuse(commands.Invalid, "At most %d can be made at once.", maxBulk)
	}
	return several, true, nil
}

// attributes asks the rule of every attribute that was sent: action is
// "create_network" or the like.
func attributes(ctx context.Context, action string, t api.Target, sent map[string]bool) error {
	for name, was := range sent {
		if was && !api.Can(ctx, action+":"+name, t) {
			return forbidden(action + ":" + name)
		}
	}
	return nil
}

func forbidden(rule string) error {
	return commands.RefuseAs(commands.Forbidden, "PolicyNotAuthorized", "rule:%s is disallowed by policy", rule)
}

package network

import (
	"context"
	"iter"
	"net/http"
	"net/netip"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/projections"
	view "skylog/projections/network"
)

func (s *Service) mountSubnets(a huma.API) {
	mountKind(s, a, subnets)
	api.Handle(a, "POST "+subnets.path(), "create_subnet", http.StatusCreated, s.createSubnet)
	api.Handle(a, "PUT "+subnets.path()+"/{id}", "update_subnet", http.StatusOK, s.updateSubnet)
}

type pool struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

type route struct {
	Destination string `json:"destination"`
	NextHop     string `json:"nexthop"`
}

// SubnetSettings are the attributes of a subnet that may be sent at any time.
type SubnetSettings struct {
	Name        *string            `json:"name,omitempty" maxLength:"255"`
	Description *string            `json:"description,omitempty" maxLength:"255"`
	EnableDHCP  *bool              `json:"enable_dhcp,omitempty"`
	Gateway     optional[string]   `json:"gateway_ip,omitempty"`
	Pools       optional[[]pool]   `json:"allocation_pools,omitempty"`
	DNS         optional[[]string] `json:"dns_nameservers,omitempty"`
	HostRoutes  optional[[]route]  `json:"host_routes,omitempty"`
}

type createSubnet struct {
	Owned
	SubnetSettings
	NetworkID    string  `json:"network_id" maxLength:"255"`
	CIDR         string  `json:"cidr" maxLength:"64"`
	IPVersion    any     `json:"ip_version,omitempty"`
	RAMode       *string `json:"ipv6_ra_mode,omitempty" enum:"dhcpv6-stateful,dhcpv6-stateless,slaac"`
	AddressMode  *string `json:"ipv6_address_mode,omitempty" enum:"dhcpv6-stateful,dhcpv6-stateless,slaac"`
	SubnetPoolID *string `json:"subnetpool_id,omitempty" doc:"null: there are no subnet pools"`
}

type (
	createSubnetIn struct {
		Body struct {
			Subnet  *createSubnet  `json:"subnet,omitempty"`
			Subnets []createSubnet `json:"subnets,omitempty"`
		}
	}
	updateSubnetIn struct {
		IDIn
		Body struct {
			Subnet SubnetSettings `json:"subnet"`
		}
	}
)

// subnet is a subnet as it is shown.
type subnet struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	TenantID     string   `json:"tenant_id"`
	ProjectID    string   `json:"project_id"`
	NetworkID    string   `json:"network_id"`
	IPVersion    int      `json:"ip_version"`
	CIDR         string   `json:"cidr"`
	Gateway      *string  `json:"gateway_ip"`
	EnableDHCP   bool     `json:"enable_dhcp"`
	Pools        []pool   `json:"allocation_pools"`
	DNS          []string `json:"dns_nameservers"`
	HostRoutes   []route  `json:"host_routes"`
	RAMode       *string  `json:"ipv6_ra_mode"`
	AddressMode  *string  `json:"ipv6_address_mode"`
	SubnetPoolID *string  `json:"subnetpool_id"`
	standard
}

var subnets = &kind[view.Subnet]{
	singular: "subnet", plural: "subnets", missing: "SubnetNotFound", sentence: "Subnet %s could not be found.",
	wire: reflect.TypeFor[subnet](),
	get:  func(w *projections.World, id string) (view.Subnet, bool) { return w.Network.Subnets.Get(id) },
	find: findSubnets, show: func(_ *projections.World, s view.Subnet) any { return showSubnet(s) },
	target: func(w *projections.World, s view.Subnet) api.Target {
		n, _ := w.Network.Networks.Get(s.NetworkID)
		t := networkTarget(n)
		t.ProjectID = s.ProjectID
		return t
	},
	remove: func(_ context.Context, id string, revision int) commands.Command {
		return cmd.DeleteSubnet{ID: id, Revision: revision}
	},
}

func showSubnet(s view.Subnet) subnet {
	out := subnet{ID: s.ID, Name: s.Name, TenantID: s.ProjectID, ProjectID: s.ProjectID, NetworkID: s.NetworkID, IPVersion: 4, CIDR: s.CIDR.String(),
		EnableDHCP: s.EnableDHCP, Pools: []pool{}, DNS: texts(s.DNS), HostRoutes: []route{}, RAMode: null(s.RAMode), AddressMode: null(s.AddressMode),
		standard: showStandard(s.Standard, s.Description)}
	if s.IPv6() {
		out.IPVersion = 6
	}
	if s.Gateway.IsValid() {
		out.Gateway = null(s.Gateway.String())
	}
	for _, p := range s.Pools {
		out.Pools = append(out.Pools, pool{p.First.String(), p.Last.String()})
	}
	for _, r := range s.HostRoutes {
		out.HostRoutes = append(out.HostRoutes, route{r.Destination.String(), r.NextHop.String()})
	}
	return out
}

func findSubnets(f *finder, from string) iter.Seq2[string, view.Subnet] {
	t := &f.world.Network.Subnets
	common := func(hold func(view.Subnet) bool) iter.Seq2[string, view.Subnet] {
		return filtered(t.Shared(from), hold)
	}
	found, ok := byIndex(f, from, t.Get,
		narrow[view.Subnet]{"network_id", t.OfNetwork},
		narrow[view.Subnet]{"name", func(name, from string) iter.Seq2[string, view.Subnet] {
			if f.all {
				return t.Named(view.Everywhere, name, from)
			}
			return merge(t.Named(f.projectID, name, from), common(func(s view.Subnet) bool { return s.Name == name }))
		}},
		narrow[view.Subnet]{"project_id", func(project, from string) iter.Seq2[string, view.Subnet] {
			if f.all || project == f.projectID {
				return t.OfProject(project, from)
			}
			return common(func(s view.Subnet) bool { return s.ProjectID == project })
		}})
	switch {
	case ok:
		return found
	case f.all:
		return t.From(from)
	}
	return merge(t.OfProject(f.projectID, from), t.Shared(from))
}

func (s *Service) createSubnet(ctx context.Context, in *createSubnetIn) (*api.Respond, error) {
	asked, several, err := bulk("subnet", in.Body.Subnet, in.Body.Subnets)
	if err != nil {
		return nil, err
	}
	var ids []string
	var all []commands.Command
	for _, n := range asked {
		c, err := n.command(ctx)
		if err != nil {
			return nil, err
		}
		ids, all = append(ids, c.ID), append(all, c)
	}
	w, err := s.Do(ctx, all...)
	if err != nil {
		return nil, err
	}
	return subnets.made(ctx, w, ids, several), nil
}

func (n createSubnet) command(ctx context.Context) (c cmd.CreateSubnet, err error) {
	c = cmd.CreateSubnet{ID: api.NewID(ctx), NetworkID: n.NetworkID, Name: deref(n.Name), Description: deref(n.Description),
		EnableDHCP: n.EnableDHCP == nil || *n.EnableDHCP, RAMode: deref(n.RAMode), AddressMode: deref(n.AddressMode)}
	if c.ProjectID, err = n.owner(ctx); err != nil {
		return c, err
	}
	of, err := networks.reach(ctx, api.World(ctx), n.NetworkID, "get_network")
	if err != nil {
		return c, err
	}
	t := networkTarget(of)
	t.ProjectID = c.ProjectID
	if !api.Can(ctx, "create_subnet", t) {
		return c, forbidden("create_subnet")
	}
	if n.SubnetPoolID != nil {
		return c, commands.RefuseAs(commands.NotFound, "SubnetPoolNotFound", "Subnet pool %s could not be found.", clip(*n.SubnetPoolID))
	}
	if c.CIDR, err = cidr("cidr", n.CIDR); err != nil {
		return c, err
	}
	if err := n.version(c.CIDR); err != nil {
		return c, err
	}
	settings, err := n.read()
	c.DNS, c.HostRoutes = deref(settings.DNS), deref(settings.HostRoutes)
	if n.Pools.Sent && !n.Pools.Null {
		c.Pools = *settings.Pools
	}
	c.Gateway, c.NoGateway = deref(settings.Gateway), n.Gateway.Sent && n.Gateway.Null
	return c, err
}

func (n createSubnet) version(p netip.Prefix) error {
	asked, err := integer("ip_version", n.IPVersion)
	is := 4
	if p.Addr().Is6() {
		is = 6
	}
	switch {
	case err != nil:
		return err
	case asked == nil:
		return bad("ip_version", "it is required, 4 or 6")
	case *asked != 4 && *asked != 6:
		return bad("ip_version", "'%d' is not in [4, 6]", *asked)
	case *asked != is:
		return commands.RefuseAs(commands.Invalid, "InvalidInput", "Invalid input for operation: cidr '%s' does not match the ip_version '%d'.", p, *asked)
	}
	return nil
}

// read are the settings that were sent, in the form in which they are asked for.
func (n SubnetSettings) read() (c cmd.UpdateSubnet, err error) {
	c = cmd.UpdateSubnet{Name: n.Name, Description: n.Description, EnableDHCP: n.EnableDHCP}
	if n.Gateway.Sent {
		gateway := netip.Addr{}
		if !n.Gateway.Null {
			if gateway, err = address("gateway_ip", n.Gateway.Value); err != nil {
				return c, err
			}
		}
		c.Gateway = &gateway
	}
	if n.Pools.Sent && !n.Pools.Null {
		pools := []cmd.Pool{}
		for _, p := range n.Pools.Value {
			first, err := address("allocation_pools", p.Start)
			if err != nil {
				return c, err
			}
			last, err := address("allocation_pools", p.End)
			if err != nil {
				return c, err
			}
			pools = append(pools, cmd.Pool{First: first, Last: last})
		}
		c.Pools = &pools
	}
	if n.DNS.Sent {
		dns := []netip.Addr{}
		for _, s := range n.DNS.Value {
			a, err := address("dns_nameservers", s)
			if err != nil {
				return c, err
			}
			dns = append(dns, a)
		}
		c.DNS = &dns
	}
	return c, n.readRoutes(&c)
}

func (n SubnetSettings) readRoutes(c *cmd.UpdateSubnet) error {
	if !n.HostRoutes.Sent {
		return nil
	}
	routes := []cmd.Route{}
	for _, r := range n.HostRoutes.Value {
		to, err := cidr("host_routes", r.Destination)
		if err != nil {
			return err
		}
		by, err := address("host_routes", r.NextHop)
		if err != nil {
			return err
		}
		routes = append(routes, cmd.Route{Destination: to.Masked(), NextHop: by})
	}
	c.HostRoutes = &routes
	return nil
}

func (s *Service) updateSubnet(ctx context.Context, in *updateSubnetIn) (*api.Respond, error) {
	n, err := subnets.reach(ctx, api.World(ctx), in.ID, "update_subnet")
	if err != nil {
		return nil, err
	}
	c, err := in.Body.Subnet.read()
	if err != nil {
		return nil, err
	}
	c.ID = n.ID
	if c.Revision, err = revision(ctx); err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	if now, ok := w.Network.Subnets.Get(n.ID); ok {
		n = now
	}
	return subnets.reply(ctx, w, http.StatusOK, n), nil
}

package network

import (
	"context"
	"iter"
	"net/http"
	"net/netip"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/projections"
	view "skylog/projections/network"
)

func (s *Service) mountPorts(a huma.API) {
	mountKind(s, a, ports)
	api.Handle(a, "POST "+ports.path(), "create_port", http.StatusCreated, s.createPort)
	api.Handle(a, "PUT "+ports.path()+"/{id}", "update_port", http.StatusOK, s.updatePort)
}

// fixedIP is an address of a port. Subnet or address may be left out when asking.
type fixedIP struct {
	SubnetID string `json:"subnet_id,omitempty"`
	Address  string `json:"ip_address,omitempty"`
}

// is says whether the address is what a filter such as "ip_address=10.0.0.3" asks for.
func (f fixedIP) is(asked string) bool {
	name, value, _ := strings.Cut(asked, "=")
	switch name {
	case "subnet_id":
		return f.SubnetID == value
	case "ip_address":
		return f.Address == value
	case "ip_address_substr":
		return strings.Contains(f.Address, value)
	}
	return false
}

type addressPair struct {
	Address string `json:"ip_address"`
	MAC     string `json:"mac_address,omitempty"`
}

// PortSettings are the attributes of a port that may be sent at any time.
type PortSettings struct {
	Name         *string                 `json:"name,omitempty" maxLength:"255"`
	Description  *string                 `json:"description,omitempty" maxLength:"255"`
	AdminStateUp *bool                   `json:"admin_state_up,omitempty"`
	MAC          optional[string]        `json:"mac_address,omitempty"`
	FixedIPs     optional[[]fixedIP]     `json:"fixed_ips,omitempty"`
	Groups       optional[[]string]      `json:"security_groups,omitempty"`
	DeviceID     *string                 `json:"device_id,omitempty" maxLength:"255"`
	DeviceOwner  *string                 `json:"device_owner,omitempty" maxLength:"255"`
	PortSecurity *bool                   `json:"port_security_enabled,omitempty"`
	Pairs        optional[[]addressPair] `json:"allowed_address_pairs,omitempty"`
	Host         optional[string]        `json:"binding:host_id,omitempty"`
	VNICType     *string                 `json:"binding:vnic_type,omitempty" enum:"normal"`
}

type createPort struct {
	Owned
	PortSettings
	NetworkID string `json:"network_id" maxLength:"255"`
}

type (
	createPortIn struct {
		Body struct {
			Port  *createPort  `json:"port,omitempty"`
			Ports []createPort `json:"ports,omitempty"`
		}
	}
	updatePortIn struct {
		IDIn
		Body struct {
			Port PortSettings `json:"port"`
		}
	}
)

// port is a port as it is shown.
type port struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	TenantID     string         `json:"tenant_id"`
	ProjectID    string         `json:"project_id"`
	NetworkID    string         `json:"network_id"`
	AdminStateUp bool           `json:"admin_state_up"`
	Status       string         `json:"status"`
	MAC          string         `json:"mac_address"`
	FixedIPs     []fixedIP      `json:"fixed_ips"`
	DeviceID     string         `json:"device_id"`
	DeviceOwner  string         `json:"device_owner"`
	Groups       []string       `json:"security_groups"`
	PortSecurity bool           `json:"port_security_enabled"`
	Pairs        []addressPair  `json:"allowed_address_pairs"`
	VNICType     string         `json:"binding:vnic_type"`
	Host         string         `json:"binding:host_id"`
	VIFType      string         `json:"binding:vif_type"`
	VIFDetails   map[string]any `json:"binding:vif_details"`
	Profile      map[string]any `json:"binding:profile"`
	standard
}

var ports = &kind[view.Port]{
	singular: "port", plural: "ports", missing: "PortNotFound", sentence: "Port %s could not be found.",
	wire:   reflect.TypeFor[port](),
	hidden: []string{"binding:host_id", "binding:vif_type", "binding:vif_details", "binding:profile"},
	get:    func(w *projections.World, id string) (view.Port, bool) { return w.Network.Ports.Get(id) },
	find:   findPorts, show: func(_ *projections.World, p view.Port) any { return showPort(p) },
	target: portTarget,
	remove: func(_ context.Context, id string, revision int) commands.Command {
		return cmd.DeletePort{ID: id, Revision: revision}
	},
}

func portTarget(w *projections.World, p view.Port) api.Target {
	n, _ := w.Network.Networks.Get(p.NetworkID)
	t := networkTarget(n)
	t.ProjectID, t.Attrs["network_device"] = p.ProjectID, pythonBool(strings.HasPrefix(p.DeviceOwner, "network:"))
	return t
}

func showPort(p view.Port) port {
	out := port{ID: p.ID, Name: p.Name, TenantID: p.ProjectID, ProjectID: p.ProjectID, NetworkID: p.NetworkID, AdminStateUp: p.AdminStateUp,
		Status: p.Status, MAC: p.MAC, FixedIPs: []fixedIP{}, DeviceID: p.DeviceID, DeviceOwner: p.DeviceOwner, Groups: list(p.SecurityGroupIDs),
		PortSecurity: p.PortSecurity, Pairs: []addressPair{}, VNICType: "normal", Host: p.Host, VIFType: vifType(p),
		VIFDetails: map[string]any{}, Profile: map[string]any{}, standard: showStandard(p.Standard, p.Description)}
	for _, f := range p.FixedIPs {
		out.FixedIPs = append(out.FixedIPs, fixedIP{f.SubnetID, f.Address.String()})
	}
	for _, pair := range p.AllowedPairs {
		shownPair := addressPair{pair.Address.String(), pair.MAC}
		if pair.Address.IsSingleIP() {
			shownPair.Address = pair.Address.Addr().String()
		}
		if pair.MAC == "" {
			shownPair.MAC = p.MAC
		}
		out.Pairs = append(out.Pairs, shownPair)
	}
	return out
}

// vifType is what the host reported; before it did, a bound port is what this
// cloud's hosts make of it.
func vifType(p view.Port) string {
	switch {
	case p.Host == "":
		return "unbound"
	case p.VIFType == "":
		return "bridge"
	}
	return p.VIFType
}

func findPorts(f *finder, from string) iter.Seq2[string, view.Port] {
	t := &f.world.Network.Ports
	found, ok := byIndex(f, from, t.Get,
		narrow[view.Port]{"device_id", t.OfDevice},
		narrow[view.Port]{"fixed_ips", func(asked, from string) iter.Seq2[string, view.Port] { return portsAt(f, asked, from) }},
		narrow[view.Port]{"mac_address", func(mac, from string) iter.Seq2[string, view.Port] {
			return t.WithMAC(view.Everywhere, strings.ToLower(mac), from)
		}},
		narrow[view.Port]{"name", func(name, from string) iter.Seq2[string, view.Port] { return t.Named(f.scope(), name, from) }},
		narrow[view.Port]{"network_id", t.OfNetwork},
		narrow[view.Port]{"security_groups", t.OfGroup},
		narrow[view.Port]{"binding:host_id", t.OfHost},
		narrow[view.Port]{"device_owner", func(owner, from string) iter.Seq2[string, view.Port] {
			if f.all {
				return t.OfOwner(view.Everywhere, owner, from)
			}
			return filtered(t.SeenBy(f.projectID, from), func(p view.Port) bool { return p.DeviceOwner == owner })
		}},
		narrow[view.Port]{"project_id", func(project, from string) iter.Seq2[string, view.Port] {
			if f.all || project == f.projectID {
				return t.SeenBy(project, from)
			}
			return filtered(t.SeenBy(f.projectID, from), func(p view.Port) bool { return p.ProjectID == project })
		}})
	switch {
	case ok:
		return found
	case f.all:
		return t.From(from)
	}
	return t.SeenBy(f.projectID, from)
}

// portsAt goes through the ports at an address, or in a subnet.
func portsAt(f *finder, asked, from string) iter.Seq2[string, view.Port] {
	t := &f.world.Network.Ports
	name, value, _ := strings.Cut(asked, "=")
	switch name {
	case "ip_address":
		a, err := netip.ParseAddr(value)
		if err != nil {
			return func(func(string, view.Port) bool) {}
		}
		return t.WithAddress(f.scope(), a, from)
	case "subnet_id":
		s, _ := f.world.Network.Subnets.Get(value)
		return filtered(t.OfNetwork(s.NetworkID, from), func(p view.Port) bool { return showPort(p).at(value) })
	}
	if f.all {
		return t.From(from)
	}
	return t.SeenBy(f.projectID, from)
}

func (p port) at(subnetID string) bool {
	for _, f := range p.FixedIPs {
		if f.SubnetID == subnetID {
			return true
		}
	}
	return false
}

func (s *Service) createPort(ctx context.Context, in *createPortIn) (*api.Respond, error) {
	asked, several, err := bulk("port", in.Body.Port, in.Body.Ports)
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
	return ports.made(ctx, w, ids, several), nil
}

func (n createPort) command(ctx context.Context) (c cmd.CreatePort, err error) {
	c = cmd.CreatePort{ID: api.NewID(ctx), NetworkID: n.NetworkID, Trusted: isAdmin(ctx), AdminStateUp: true}
	if c.ProjectID, err = n.owner(ctx); err != nil {
		return c, err
	}
	of, err := networks.reach(ctx, api.World(ctx), n.NetworkID, "get_network")
	if err != nil {
		return c, err
	}
	t := networkTarget(of)
	t.ProjectID = c.ProjectID
	if err := n.allowed(ctx, "create_port", t); err != nil {
		return c, err
	}
	settings, err := n.read()
	if err != nil {
		return c, err
	}
	c.Name, c.Description, c.MAC = deref(settings.Name), deref(settings.Description), deref(settings.MAC)
	c.DeviceID, c.DeviceOwner, c.Host = deref(settings.DeviceID), deref(settings.DeviceOwner), deref(settings.Host)
	c.PortSecurity, c.AllowedPairs = settings.PortSecurity, deref(settings.AllowedPairs)
	c.FixedIPs, c.SecurityGroupIDs = deref(settings.FixedIPs), deref(settings.SecurityGroupIDs)
	if n.AdminStateUp != nil {
		c.AdminStateUp = *n.AdminStateUp
	}
	return c, nil
}

// allowed asks the rules of the port and of all attributes that were sent.
func (n PortSettings) allowed(ctx context.Context, action string, t api.Target) error {
	t.Attrs["network_device"] = pythonBool(strings.HasPrefix(deref(n.DeviceOwner), "network:"))
	if !api.Can(ctx, action, t) {
		return forbidden(action)
	}
	sent := map[string]bool{
		"device_id": deref(n.DeviceID) != "", "device_owner": deref(n.DeviceOwner) != "", "mac_address": n.MAC.Sent,
		"fixed_ips": n.FixedIPs.Sent, "port_security_enabled": n.PortSecurity != nil, "binding:host_id": n.Host.or("") != "",
		"allowed_address_pairs": len(n.Pairs.Value) > 0,
	}
	for _, f := range n.FixedIPs.Value {
		if f.Address != "" {
			sent["fixed_ips:ip_address"] = true
		}
		if f.SubnetID != "" {
			sent["fixed_ips:subnet_id"] = true
		}
	}
	return attributes(ctx, action, t, sent)
}

// read are the settings that were sent, in the form in which they are asked for.
func (n PortSettings) read() (c cmd.UpdatePort, err error) {
	c = cmd.UpdatePort{Name: n.Name, Description: n.Description, AdminStateUp: n.AdminStateUp, DeviceID: n.DeviceID, DeviceOwner: n.DeviceOwner,
		PortSecurity: n.PortSecurity}
	if n.MAC.Sent {
		mac := ""
		if !n.MAC.Null {
			if mac, err = hardware("mac_address", n.MAC.Value); err != nil {
				return c, err
			}
		}
		c.MAC = &mac
	}
	if n.Groups.Sent {
		groups := list(n.Groups.Value)
		c.SecurityGroupIDs = &groups
	}
	if n.Host.Sent {
		host := n.Host.or("")
		if len(host) > 255 {
			return c, bad("binding:host_id", "it is longer than 255")
		}
		c.Host = &host
	}
	if c.FixedIPs, err = n.readFixedIPs(); err != nil {
		return c, err
	}
	c.AllowedPairs, err = n.readPairs()
	return c, err
}

func (n PortSettings) readFixedIPs() (*[]cmd.FixedIPRequest, error) {
	if !n.FixedIPs.Sent || n.FixedIPs.Null {
		return nil, nil
	}
	all := []cmd.FixedIPRequest{}
	for _, f := range n.FixedIPs.Value {
		r := cmd.FixedIPRequest{SubnetID: f.SubnetID}
		if f.Address != "" {
			a, err := address("fixed_ips", f.Address)
			if err != nil {
				return nil, err
			}
			r.Address = a
		}
		all = append(all, r)
	}
	return &all, nil
}

func (n PortSettings) readPairs() (*[]cmd.AddressPair, error) {
	if !n.Pairs.Sent {
		return nil, nil
	}
	all := []cmd.AddressPair{}
	for _, p := range n.Pairs.Value {
		prefix, err := cidr("allowed_address_pairs", p.Address)
		if err != nil {
			return nil, err
		}
		mac := ""
		if p.MAC != "" {
			if mac, err = hardware("allowed_address_pairs", p.MAC); err != nil {
				return nil, err
			}
		}
		all = append(all, cmd.AddressPair{MAC: mac, Address: prefix.Masked()})
	}
	return &all, nil
}

func (s *Service) updatePort(ctx context.Context, in *updatePortIn) (*api.Respond, error) {
	p, err := ports.reach(ctx, api.World(ctx), in.ID, "update_port")
	if err != nil {
		return nil, err
	}
	want := in.Body.Port
	if !want.MAC.Null && strings.EqualFold(want.MAC.Value, p.MAC) { // clients send back what they were shown
		want.MAC = optional[string]{}
	}
	if deref(want.DeviceOwner) == p.DeviceOwner {
		want.DeviceOwner = nil
	}
	if err := want.allowed(ctx, "update_port", portTarget(api.World(ctx), p)); err != nil {
		return nil, err
	}
	c, err := want.read()
	if err != nil {
		return nil, err
	}
	c.ID, c.Trusted = p.ID, isAdmin(ctx)
	if c.Revision, err = revision(ctx); err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	if now, ok := w.Network.Ports.Get(p.ID); ok {
		p = now
	}
	return ports.reply(ctx, w, http.StatusOK, p), nil
}

package network

import (
	"context"
	"iter"
	"math"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/projections"
	view "skylog/projections/network"
)

func (s *Service) mountNetworks(a huma.API) {
	mountKind(s, a, networks)
	api.Handle(a, "POST "+networks.path(), "create_network", http.StatusCreated, s.createNetwork)
	api.Handle(a, "PUT "+networks.path()+"/{id}", "update_network", http.StatusOK, s.updateNetwork)
}

// NetworkSettings are the attributes of a network that may be sent at any time.
// Like all that is embedded in inputs it is exported, since huma sees no other.
type NetworkSettings struct {
	Name         *string `json:"name,omitempty" maxLength:"255"`
	Description  *string `json:"description,omitempty" maxLength:"255"`
	AdminStateUp *bool   `json:"admin_state_up,omitempty"`
	Shared       *bool   `json:"shared,omitempty"`
	External     *bool   `json:"router:external,omitempty"`
	PortSecurity *bool   `json:"port_security_enabled,omitempty"`
	MTU          *int    `json:"mtu,omitempty" minimum:"0"`
}

type createNetwork struct {
	Owned
	NetworkSettings
	ZoneHints       []string `json:"availability_zone_hints,omitempty" maxItems:"10"`
	NetworkType     *string  `json:"provider:network_type,omitempty"`
	PhysicalNetwork *string  `json:"provider:physical_network,omitempty"`
	SegmentationID  any      `json:"provider:segmentation_id,omitempty"`
}

type (
	createNetworkIn struct {
		Body struct {
			Network  *createNetwork  `json:"network,omitempty"`
			Networks []createNetwork `json:"networks,omitempty"`
		}
	}
	updateNetworkIn struct {
		IDIn
		Body struct {
			Network NetworkSettings `json:"network"`
		}
	}
)

// network is a network as it is shown.
type network struct {
	ID              string   `json:"id"`
	Name            string   `json:"name"`
	TenantID        string   `json:"tenant_id"`
	ProjectID       string   `json:"project_id"`
	AdminStateUp    bool     `json:"admin_state_up"`
	Status          string   `json:"status"`
	Shared          bool     `json:"shared"`
	External        bool     `json:"router:external"`
	MTU             int      `json:"mtu"`
	PortSecurity    bool     `json:"port_security_enabled"`
	Subnets         []string `json:"subnets"`
	ZoneHints       []string `json:"availability_zone_hints"`
	Zones           []string `json:"availability_zones"`
	NetworkType     string   `json:"provider:network_type"`
	PhysicalNetwork *string  `json:"provider:physical_network"`
	SegmentationID  uint32   `json:"provider:segmentation_id"`
	standard
}

// vxlan is the type of all networks: each has a segment of its own.
const vxlan = "vxlan"

var networks = &kind[view.Network]{
	singular: "network", plural: "networks", missing: "NetworkNotFound", sentence: "Network %s could not be found.",
	wire:   reflect.TypeFor[network](),
	hidden: []string{"provider:network_type", "provider:physical_network", "provider:segmentation_id"},
	get:    func(w *projections.World, id string) (view.Network, bool) { return w.Network.Networks.Get(id) },
	find:   findNetworks, show: showNetwork,
	target: func(_ *projections.World, n view.Network) api.Target { return networkTarget(n) },
	remove: func(_ context.Context, id string, revision int) commands.Command {
		return cmd.DeleteNetwork{ID: id, Revision: revision}
	},
}

func networkTarget(n view.Network) api.Target {
	return api.Target{ProjectID: n.ProjectID, Attrs: map[string]string{
		"shared": pythonBool(n.Shared), "router:external": pythonBool(n.External), "network:project_id": n.ProjectID, "network:tenant_id": n.ProjectID}}
}

// pythonBool is a truth value as policy rules write it.
func pythonBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func showNetwork(w *projections.World, n view.Network) any {
	out := network{ID: n.ID, Name: n.Name, TenantID: n.ProjectID, ProjectID: n.ProjectID, AdminStateUp: n.AdminStateUp, Status: view.Active,
		Shared: n.Shared, External: n.External, MTU: n.MTU, PortSecurity: n.PortSecurity, Subnets: []string{}, ZoneHints: list(n.ZoneHints),
		Zones: []string{}, NetworkType: vxlan, SegmentationID: n.VNI, standard: showStandard(n.Standard, n.Description)}
	for _, s := range w.Network.Subnets.Eldest(n.ID) {
		out.Subnets = append(out.Subnets, s.ID)
	}
	return out
}

func findNetworks(f *finder, from string) iter.Seq2[string, view.Network] {
	t := &f.world.Network.Networks
	public := func(hold func(view.Network) bool) iter.Seq2[string, view.Network] {
		return filtered(t.Public(from), hold)
	}
	found, ok := byIndex(f, from, t.Get,
		narrow[view.Network]{"name", func(name, from string) iter.Seq2[string, view.Network] {
			if f.all {
				return t.Named(view.Everywhere, name, from)
			}
			return merge(t.Named(f.projectID, name, from), public(func(n view.Network) bool { return n.Name == name }))
		}},
		narrow[view.Network]{"project_id", func(project, from string) iter.Seq2[string, view.Network] {
			if f.all || project == f.projectID {
				return t.OfProject(project, from)
			}
			return public(func(n view.Network) bool { return n.ProjectID == project })
		}})
	switch {
	case ok:
		return found
	case f.all && onlyTrue(f, "router:external", "shared"):
		return t.Public(from)
	case f.all:
		return t.From(from)
	}
	return merge(t.OfProject(f.projectID, from), t.Public(from))
}

// onlyTrue says whether one of these filters asks for nothing but true.
func onlyTrue(f *finder, names ...string) bool {
	for _, name := range names {
		if v := f.values(name); len(v) == 1 && truth(v[0]) {
			return true
		}
	}
	return false
}

func (n NetworkSettings) sent() map[string]bool {
	return map[string]bool{"shared": n.Shared != nil, "router:external": n.External != nil, "port_security_enabled": n.PortSecurity != nil}
}

func (s *Service) createNetwork(ctx context.Context, in *createNetworkIn) (*api.Respond, error) {
	asked, several, err := bulk("network", in.Body.Network, in.Body.Networks)
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
	return networks.made(ctx, w, ids, several), nil
}

// command is the wish for a network. Sending a default is not asking for anything.
func (n createNetwork) command(ctx context.Context) (c cmd.CreateNetwork, err error) {
	c = cmd.CreateNetwork{ID: api.NewID(ctx), Name: deref(n.Name), Description: deref(n.Description), AdminStateUp: true, PortSecurity: true,
		Shared: deref(n.Shared), External: deref(n.External), MTU: deref(n.MTU), ZoneHints: n.ZoneHints}
	if n.AdminStateUp != nil {
		c.AdminStateUp = *n.AdminStateUp
	}
	if n.PortSecurity != nil {
		c.PortSecurity = *n.PortSecurity
	}
	if c.ProjectID, err = n.owner(ctx); err != nil {
		return c, err
	}
	if c.VNI, err = n.segment(); err != nil {
		return c, err
	}
	t := api.Target{ProjectID: c.ProjectID}
	if err := api.Allow(ctx, t); err != nil {
		return c, err
	}
	sent := n.sent()
	sent["shared"], sent["router:external"] = c.Shared, c.External
	sent["provider:network_type"], sent["provider:physical_network"] = n.NetworkType != nil, n.PhysicalNetwork != nil
	sent["provider:segmentation_id"] = n.SegmentationID != nil
	return c, attributes(ctx, "create_network", t, sent)
}

// segment is the VNI asked for, or 0.
func (n createNetwork) segment() (uint32, error) {
	id, err := integer("provider:segmentation_id", n.SegmentationID)
	switch {
	case err != nil:
		return 0, err
	case n.NetworkType != nil && *n.NetworkType != vxlan:
		return 0, commands.RefuseAs(commands.Invalid, "InvalidInput", "Invalid input for operation: network_type value '%s' not supported.", clip(*n.NetworkType))
	case deref(n.PhysicalNetwork) != "":
		return 0, commands.RefuseAs(commands.Invalid, "InvalidInput", "Invalid input for operation: provider:physical_network specified for %s network.", vxlan)
	case id == nil:
		return 0, nil
	case n.NetworkType == nil:
		return 0, commands.RefuseAs(commands.Invalid, "InvalidInput", "Invalid input for operation: network_type required.")
	case *id < 1 || *id > math.MaxInt32:
		return 0, bad("provider:segmentation_id", "'%s' is not a segment", strconv.Itoa(*id))
	}
	return uint32(*id), nil
}

func (s *Service) updateNetwork(ctx context.Context, in *updateNetworkIn) (*api.Respond, error) {
	n, err := networks.reach(ctx, api.World(ctx), in.ID, "update_network")
	if err != nil {
		return nil, err
	}
	want := in.Body.Network
	if err := attributes(ctx, "update_network", networkTarget(n), want.sent()); err != nil {
		return nil, err
	}
	c := cmd.UpdateNetwork{ID: n.ID, Name: want.Name, Description: want.Description, AdminStateUp: want.AdminStateUp, Shared: want.Shared,
		External: want.External, PortSecurity: want.PortSecurity, MTU: want.MTU}
	if c.Revision, err = revision(ctx); err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	if now, ok := w.Network.Networks.Get(n.ID); ok {
		n = now
	}
	return networks.reply(ctx, w, http.StatusOK, n), nil
}

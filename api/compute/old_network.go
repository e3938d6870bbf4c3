package compute

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	netview "skylog/projections/network"
)

// mountOldNetworks mounts networks and floating IPs as older clients ask for them
// here. There are no floating IPs: their pools are empty.
func (s *Service) mountOldNetworks(a huma.API) {
	const rule = "os_compute_api:"
	old := api.Between("", lastProxy)
	api.Handle(a, "GET /os-networks", rule+"os-networks:list", http.StatusOK, s.listNetworks, old)
	api.Handle(a, "GET /os-networks/{id}", rule+"os-networks:show", http.StatusOK, s.showNetwork, old)
	api.Handle(a, "GET /os-tenant-networks", rule+"os-tenant-networks:list", http.StatusOK, s.listTenantNetworks, old)
	api.Handle(a, "GET /os-tenant-networks/{id}", rule+"os-tenant-networks:show", http.StatusOK, s.showTenantNetwork, old)
	api.Handle(a, "GET /os-floating-ip-pools", rule+"os-floating-ip-pools", http.StatusOK, s.listFloatingIPPools, old)
	api.Handle(a, "GET /os-floating-ips", rule+"os-floating-ips:list", http.StatusOK, s.listFloatingIPs, old)
	api.Handle(a, "POST /os-floating-ips", rule+"os-floating-ips:create", http.StatusOK, s.createFloatingIP, old)
	api.Handle(a, "GET /os-floating-ips/{id}", rule+"os-floating-ips:show", http.StatusOK, s.noFloatingIP, old)
	api.Handle(a, "DELETE /os-floating-ips/{id}", rule+"os-floating-ips:delete", http.StatusAccepted, s.noFloatingIP, old)
}

// oldNetwork is a network as Nova shows it; all but its id and name is null.
type oldNetwork struct {
	ID        string  `json:"id"`
	Label     string  `json:"label"`
	CIDR      *string `json:"cidr"`
	Netmask   *string `json:"netmask"`
	Gateway   *string `json:"gateway"`
	Broadcast *string `json:"broadcast"`
	DNS1      *string `json:"dns1"`
	DNS2      *string `json:"dns2"`
	CIDRv6    *string `json:"cidr_v6"`
	Gatewayv6 *string `json:"gateway_v6"`
	Netmaskv6 *string `json:"netmask_v6"`
	*oldNetworkInside
}

// oldNetworkInside is what only administrators are shown, null as well.
type oldNetworkInside struct {
	CreatedAt     *string `json:"created_at"`
	UpdatedAt     *string `json:"updated_at"`
	DeletedAt     *string `json:"deleted_at"`
	Deleted       *string `json:"deleted"`
	Injected      *string `json:"injected"`
	Bridge        *string `json:"bridge"`
	VLAN          *string `json:"vlan"`
	VPNPublic     *string `json:"vpn_public_address"`
	VPNPublicPort *string `json:"vpn_public_port"`
	VPNPrivate    *string `json:"vpn_private_address"`
	DHCPStart     *string `json:"dhcp_start"`
	ProjectID     *string `json:"project_id"`
	Host          *string `json:"host"`
	BridgeOn      *string `json:"bridge_interface"`
	MultiHost     *string `json:"multi_host"`
	Priority      *string `json:"priority"`
	RxTxBase      *string `json:"rxtx_base"`
	MTU           *string `json:"mtu"`
	DHCPServer    *string `json:"dhcp_server"`
	EnableDHCP    *string `json:"enable_dhcp"`
	ShareAddress  *string `json:"share_address"`
}

type tenantNetwork struct {
	ID    string `json:"id"`
	CIDR  string `json:"cidr"` // "None", as Nova has it since networks are Neutron's
	Label string `json:"label"`
}

type (
	networkID struct {
		ID string `path:"id" maxLength:"255"`
	}
	networksOut[T any] struct {
		Body struct {
			Networks []T `json:"networks"`
		}
	}
	networkOut[T any] struct {
		Body struct {
			Network T `json:"network"`
		}
	}
)

func showOldNetwork(ctx context.Context, n netview.Network) oldNetwork {
	out := oldNetwork{ID: n.ID, Label: n.Name}
	if isAdmin(ctx) {
		out.oldNetworkInside = &oldNetworkInside{}
	}
	return out
}

func showTenantNetwork(_ context.Context, n netview.Network) tenantNetwork {
	return tenantNetwork{n.ID, "None", n.Name}
}

// networksSeen are the networks of the caller's project and those that every
// project sees; of administrators, all.
func networksSeen(ctx context.Context, each func(netview.Network) bool) {
	networks, project := &api.World(ctx).Network.Networks, api.From(ctx).ProjectID
	if isAdmin(ctx) {
		for _, n := range networks.All() {
			if !each(n) {
				return
			}
		}
		return
	}
	for _, n := range networks.OfProject(project, "") {
		if !each(n) {
			return
		}
	}
	for _, n := range networks.Public("") {
		if n.ProjectID != project && !each(n) {
			return
		}
	}
}

func listOldNetworks[T any](ctx context.Context, show func(context.Context, netview.Network) T) (*networksOut[T], error) {
	out := &networksOut[T]{}
	networksSeen(ctx, func(n netview.Network) bool {
		out.Body.Networks = append(out.Body.Networks, show(ctx, n))
		return len(out.Body.Networks) < maxLooked
	})
	return out, nil
}

func showOneNetwork[T any](ctx context.Context, id string, show func(context.Context, netview.Network) T) (*networkOut[T], error) {
	n, ok := api.World(ctx).Network.Networks.Get(id)
	if !ok || n.ProjectID != api.From(ctx).ProjectID && !n.Public() && !isAdmin(ctx) {
		return nil, commands.Refuse(commands.NotFound, "Network not found")
	}
	out := &networkOut[T]{}
	out.Body.Network = show(ctx, n)
	return out, nil
}

func (s *Service) listNetworks(ctx context.Context, _ *nothing) (*networksOut[oldNetwork], error) {
	return listOldNetworks(ctx, showOldNetwork)
}

func (s *Service) showNetwork(ctx context.Context, in *networkID) (*networkOut[oldNetwork], error) {
	return showOneNetwork(ctx, in.ID, showOldNetwork)
}

func (s *Service) listTenantNetworks(ctx context.Context, _ *nothing) (*networksOut[tenantNetwork], error) {
	return listOldNetworks(ctx, showTenantNetwork)
}

func (s *Service) showTenantNetwork(ctx context.Context, in *networkID) (*networkOut[tenantNetwork], error) {
	return showOneNetwork(ctx, in.ID, showTenantNetwork)
}

type (
	floatingIPPoolsOut struct {
		Body struct {
			Pools []securityName `json:"floating_ip_pools"`
		}
	}
	floatingIPsOut struct {
		Body struct {
			IPs []securityName `json:"floating_ips"`
		}
	}
	createFloatingIPIn struct {
		Body *struct {
			Pool *string `json:"pool,omitempty" maxLength:"255" nullable:"true"`
		}
	}
)

func (s *Service) listFloatingIPPools(context.Context, *nothing) (*floatingIPPoolsOut, error) {
	return &floatingIPPoolsOut{}, nil
}

func (s *Service) listFloatingIPs(context.Context, *nothing) (*floatingIPsOut, error) {
	return &floatingIPsOut{}, nil
}

func (s *Service) createFloatingIP(context.Context, *createFloatingIPIn) (*api.Empty, error) {
	return nil, commands.Refuse(commands.NotFound, "Floating IP pool not found.")
}

func (s *Service) noFloatingIP(_ context.Context, in *networkID) (*api.Empty, error) {
	return nil, commands.Refuse(commands.NotFound, "Floating IP not found for ID %s", in.ID)
}

type addFloatingIP struct {
	Address string `json:"address" maxLength:"64"`
	Fixed   string `json:"fixed_address,omitempty" maxLength:"64"`
}

// addFloatingIP finds no floating IP to give, after what Nova looks at before.
func (s *Service) addFloatingIP(ctx context.Context, id string, in *addFloatingIP) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	fixed := false
	for _, p := range portsOf(api.World(ctx), &one) {
		for _, ip := range p.FixedIPs {
			fixed = fixed || in.Fixed == "" || in.Fixed == ip.Address.String()
		}
	}
	switch {
	case !fixed && in.Fixed != "":
		return nil, commands.Refuse(commands.Invalid, "Specified fixed address not assigned to instance")
	case !fixed:
		return nil, commands.Refuse(commands.Invalid, "No fixed IPs associated to instance")
	}
	return nil, commands.Refuse(commands.NotFound, "floating IP not found")
}

type removeFloatingIP struct {
	Address string `json:"address" maxLength:"64"`
}

func (s *Service) removeFloatingIP(ctx context.Context, id string, in *removeFloatingIP) (*api.Respond, error) {
	if _, err := seenServer(ctx, id); err != nil {
		return nil, err
	}
	return nil, commands.Refuse(commands.NotFound, "Floating IP not found for address %s.", in.Address)
}

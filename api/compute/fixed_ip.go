package compute

import (
	"context"
	"net/netip"
	"slices"

	"skylog/api"
	"skylog/commands"
	netcmd "skylog/commands/network"
	netview "skylog/projections/network"
)

type addFixedIP struct {
	NetworkID string `json:"networkId" maxLength:"255"`
}

type removeFixedIP struct {
	Address string `json:"address" maxLength:"64"`
}

// addFixedIP gives the first interface that a server has on a network a further
// address, of the eldest subnet there.
func (s *Service) addFixedIP(ctx context.Context, id string, in *addFixedIP) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	w := api.World(ctx)
	for _, p := range portsOf(w, &one) {
		if p.NetworkID != in.NetworkID {
			continue
		}
		for _, subnet := range w.Network.Subnets.Eldest(p.NetworkID) {
			return s.readdress(ctx, *p, append(addressesOf(*p), netcmd.FixedIPRequest{SubnetID: subnet.ID}))
		}
	}
	return nil, commands.Refuse(commands.NotFound, "Network could not be found for instance %s.", id)
}

// removeFixedIP takes an address from the interface that has it.
func (s *Service) removeFixedIP(ctx context.Context, id string, in *removeFixedIP) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	address, err := netip.ParseAddr(in.Address)
	if err != nil {
		return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute address. Value: %s. It is not an address.", in.Address)
	}
	for _, p := range portsOf(api.World(ctx), &one) {
		all := addressesOf(*p)
		if at := slices.IndexFunc(all, func(f netcmd.FixedIPRequest) bool { return f.Address == address }); at >= 0 {
			return s.readdress(ctx, *p, slices.Delete(all, at, at+1))
		}
	}
	return nil, commands.Refuse(commands.Invalid, "Instance %s doesn't have fixed IP '%s'.", id, in.Address)
}

func addressesOf(p netview.Port) (all []netcmd.FixedIPRequest) {
	for _, ip := range p.FixedIPs {
		all = append(all, netcmd.FixedIPRequest{SubnetID: ip.SubnetID, Address: ip.Address})
	}
	return all
}

func (s *Service) readdress(ctx context.Context, p netview.Port, all []netcmd.FixedIPRequest) (*api.Respond, error) {
	_, err := s.Do(ctx, netcmd.UpdatePort{ID: p.ID, Trusted: isAdmin(ctx), FixedIPs: &all})
	if r, ok := commands.Refused(err); ok && r.Kind == commands.Exhausted {
		err = commands.Refuse(commands.Invalid, "No fixed IP addresses available for network: %s", p.NetworkID)
	}
	return &api.Respond{}, asInvalid(err)
}

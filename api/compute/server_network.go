package compute

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	netcmd "skylog/commands/network"
	netview "skylog/projections/network"
)

// nic is one interface asked for: on a network, or a port that is there already.
type nic struct {
	network, port string
	address       netip.Addr
}

// maxNICs is how many interfaces a server may begin with.
const maxNICs = 32

// readNetworks reads which networks the server shall be on: a list, "auto" or "none".
func readNetworks(ctx context.Context, want *createServer) ([]nic, error) {
	version := api.From(ctx).Version
	switch sent := want.Networks.(type) {
	case nil:
		if !version.Before(2, 37) {
			return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute server. 'networks' is a required property")
		}
		return onlyNetwork(ctx, false)
	case string:
		switch {
		case version.Before(2, 37):
		case sent == "none":
			return nil, nil
		case sent == "auto":
			return onlyNetwork(ctx, true)
		}
	case []any:
		if len(sent) > maxNICs {
			return nil, commands.Refuse(commands.Invalid, "A server may begin with %d interfaces at most.", maxNICs)
		}
		if len(sent) == 0 {
			return onlyNetwork(ctx, false)
		}
		nics := make([]nic, len(sent))
		for i, one := range sent {
			var err error
			if nics[i], err = readNIC(ctx, one); err != nil {
				return nil, err
			}
		}
		return nics, nil
	}
	return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute networks. It must be a list, 'auto' or 'none'.")
}

func readNIC(ctx context.Context, sent any) (n nic, err error) {
	object, ok := sent.(map[string]any)
	if !ok {
		return n, commands.Refuse(commands.Invalid, "Invalid input for field/attribute networks. It is not of type 'object'.")
	}
	for name, value := range object {
		text, isText := value.(string)
		switch {
		case value == nil: // as if it were not there
		case !isText:
			return n, commands.Refuse(commands.Invalid, "Invalid input for field/attribute %.40s. It is not of type 'string'.", name)
		case name == "uuid":
			n.network = text
		case name == "port":
			n.port = text
		case name == "fixed_ip":
			if n.address, err = netip.ParseAddr(text); err != nil {
				return n, commands.Refuse(commands.Invalid, "Invalid input for field/attribute fixed_ip. Value: %.64s. It is not an address.", text)
			}
		case name == "tag" && !api.From(ctx).Version.Before(2, 32):
		default:
			return n, commands.Refuse(commands.Invalid, "Additional properties are not allowed ('%.40s' was unexpected)", name)
		}
	}
	if n.port != "" {
		return n, checkPort(ctx, n.port)
	}
	return n, checkNetwork(ctx, n.network)
}

func checkPort(ctx context.Context, id string) error {
	p, ok := api.World(ctx).Network.Ports.Get(id)
	switch {
	case !ok || p.ProjectID != api.From(ctx).ProjectID && !isAdmin(ctx):
		return commands.Refuse(commands.Invalid, "Port %.64s could not be found.", id)
	case p.DeviceID != "":
		return commands.Refuse(commands.Conflict, "Port %s is still in use.", id)
	}
	return nil
}

func checkNetwork(ctx context.Context, id string) error {
	n, ok := api.World(ctx).Network.Networks.Get(id)
	switch {
	case !ok || n.ProjectID != api.From(ctx).ProjectID && !n.Public() && !isAdmin(ctx):
		return commands.Refuse(commands.Invalid, "Network %.64s could not be found.", id)
	case n.External && n.ProjectID != api.From(ctx).ProjectID && !n.Shared && !isAdmin(ctx):
		return commands.Refuse(commands.Forbidden, "It is not allowed to create an interface on external network %s", id)
	}
	return nil
}

// onlyNetwork is the network a server gets that was asked for on none: the only
// one that the project has.
func onlyNetwork(ctx context.Context, must bool) ([]nic, error) {
	networks := &api.World(ctx).Network.Networks
	var found []netview.Network
	for _, n := range networks.OfProject(api.From(ctx).ProjectID, "") {
		if found = append(found, n); len(found) > 1 {
			break
		}
	}
	for _, n := range networks.Public("") {
		if n.Shared && !n.External && n.ProjectID != api.From(ctx).ProjectID {
			if found = append(found, n); len(found) > 1 {
				break
			}
		}
	}
	switch {
	case len(found) > 1:
		return nil, commands.Refuse(commands.Conflict, "Multiple possible networks found, use a Network ID to be more specific.")
	case len(found) == 1:
		return []nic{{network: found[0].ID}}, nil
	case must:
		return nil, api.Fail(http.StatusBadRequest, "Unable to automatically allocate a network for project %s", api.From(ctx).ProjectID)
	}
	return nil, nil
}

// groupIDs finds the security groups by name or id; nil is the default one.
func groupIDs(ctx context.Context, names []securityName) ([]string, error) {
	groups, project := &api.World(ctx).Network.Groups, api.From(ctx).ProjectID
	var ids []string
	for _, name := range names {
		if name.Name == "default" && len(names) == 1 {
			return nil, nil
		}
		if g, ok := groups.Get(name.Name); ok && g.ProjectID == project {
			ids = append(ids, g.ID)
			continue
		}
		var found []string
		for id := range groups.Named(project, name.Name, "") {
			found = append(found, id)
		}
		switch len(found) {
		case 0:
			return nil, commands.Refuse(commands.Invalid, "Security group %.255s not found for project %s.", name.Name, project)
		case 1:
			ids = append(ids, found[0])
		default:
			return nil, commands.Refuse(commands.Conflict, "Multiple security groups found matching '%.255s'. Use an ID to be more specific.", name.Name)
		}
	}
	return ids, nil
}

// plug makes the commands that give a server its ports, and notes them in it.
func plug(ctx context.Context, s *cmd.CreateServer, nics []nic, groups []string) (batch []commands.Command) {
	owner := "compute:" + cmp.Or(s.Zone, "nova")
	s.PortIDs, s.OwnPortIDs = nil, nil
	for _, n := range nics {
		if n.port != "" {
			device := s.ID
			batch = append(batch, netcmd.UpdatePort{ID: n.port, Trusted: true, DeviceID: &device, DeviceOwner: &owner, IfFree: true})
			s.PortIDs = append(s.PortIDs, n.port)
			continue
		}
		p := netcmd.CreatePort{ID: api.NewID(ctx), ProjectID: s.ProjectID, NetworkID: n.network, SecurityGroupIDs: groups,
			Trusted: isAdmin(ctx), DeviceID: s.ID, DeviceOwner: owner, AdminStateUp: true}
		if n.address.IsValid() {
			p.FixedIPs = []netcmd.FixedIPRequest{{Address: n.address}}
		}
		batch = append(batch, p)
		s.PortIDs, s.OwnPortIDs = append(s.PortIDs, p.ID), append(s.OwnPortIDs, p.ID)
	}
	return batch
}

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
	view "skylog/projections/compute"
	netview "skylog/projections/network"
)

type serverInterface struct {
	PortState string        `json:"port_state"`
	FixedIPs  []interfaceIP `json:"fixed_ips"`
	PortID    string        `json:"port_id"`
	NetID     string        `json:"net_id"`
	MAC       string        `json:"mac_addr"`
	Tag       *string       `json:"tag" since:"2.70"`
}

type interfaceIP struct {
	SubnetID string `json:"subnet_id"`
	Address  string `json:"ip_address"`
}

type (
	interfacesOut struct {
		Body struct {
			Interfaces []serverInterface `json:"interfaceAttachments"`
		}
	}
	interfaceID struct {
		ID   string `path:"id" maxLength:"255"`
		Port string `path:"port" maxLength:"255"`
	}
	interfaceOut struct {
		Body struct {
			Interface serverInterface `json:"interfaceAttachment"`
		}
	}
)

func showInterface(p netview.Port) serverInterface {
	out := serverInterface{PortState: p.Status, PortID: p.ID, NetID: p.NetworkID, MAC: p.MAC}
	for _, ip := range p.FixedIPs {
		out.FixedIPs = append(out.FixedIPs, interfaceIP{ip.SubnetID, ip.Address.String()})
	}
	return out
}

func (s *Service) listInterfaces(ctx context.Context, in *serverID) (*interfacesOut, error) {
	one, err := seenServer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &interfacesOut{}
	for _, p := range portsOf(api.World(ctx), &one) {
		out.Body.Interfaces = append(out.Body.Interfaces, showInterface(*p))
	}
	return out, nil
}

func (s *Service) showInterface(ctx context.Context, in *interfaceID) (*interfaceOut, error) {
	one, err := seenServer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range portsOf(api.World(ctx), &one) {
		if p.ID == in.Port {
			out := &interfaceOut{}
			out.Body.Interface = showInterface(*p)
			return out, nil
		}
	}
	return nil, commands.Refuse(commands.NotFound, "Instance %s does not have a port with id %s", in.ID, in.Port)
}

type attachIn struct {
	ID   string `path:"id" maxLength:"255"`
	Body struct {
		Interface struct {
			Net      string `json:"net_id,omitempty" maxLength:"36"`
			Port     string `json:"port_id,omitempty" maxLength:"36"`
			Tag      string `json:"tag,omitempty" maxLength:"60" since:"2.49"`
			FixedIPs []struct {
				Address string `json:"ip_address" maxLength:"64"`
			} `json:"fixed_ips,omitempty" maxItems:"1"`
		} `json:"interfaceAttachment"`
	}
}

func (s *Service) attachInterface(ctx context.Context, in *attachIn) (*interfaceOut, error) {
	one, err := seenServer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	n, err := in.nic(ctx)
	if err != nil {
		return nil, err
	}
	made := attaching(ctx, &one, n)
	w, err := s.Do(ctx, made...)
	if err != nil {
		return nil, err
	}
	out := &interfaceOut{}
	p, _ := w.Network.Ports.Get(made[1].(cmd.AttachInterface).PortID)
	out.Body.Interface = showInterface(p)
	return out, nil
}

// nic reads where the interface shall be. What isn't there is 404 here, unlike
// where a server is made.
func (in *attachIn) nic(ctx context.Context) (n nic, err error) {
	want := in.Body.Interface
	n.network, n.port = want.Net, want.Port
	if n.network != "" && n.port != "" {
		return n, commands.Refuse(commands.Invalid, "Must not input both network_id and port_id")
	}
	if len(want.FixedIPs) > 0 {
		if n.network == "" {
			return n, commands.Refuse(commands.Invalid, "Must input network_id when request IP address")
		}
		if n.address, err = netip.ParseAddr(want.FixedIPs[0].Address); err != nil {
			return n, commands.Refuse(commands.Invalid, "Invalid input for field/attribute ip_address. Value: %.64s. It is not an address.", want.FixedIPs[0].Address)
		}
	}
	w, project := api.World(ctx), api.From(ctx).ProjectID
	switch {
	case n.port != "":
		p, ok := w.Network.Ports.Get(n.port)
		if !ok || p.ProjectID != project && !isAdmin(ctx) {
			return n, commands.Refuse(commands.NotFound, "Port id %s could not be found.", n.port)
		}
		if p.DeviceID != "" {
			return n, commands.Refuse(commands.Invalid, "Port %s is still in use.", n.port)
		}
	case n.network != "":
		if found, ok := w.Network.Networks.Get(n.network); !ok || found.ProjectID != project && !found.Public() && !isAdmin(ctx) {
			return n, commands.Refuse(commands.NotFound, "Network %s could not be found.", n.network)
		}
		return n, checkNetwork(ctx, n.network)
	default:
		only, err := onlyNetwork(ctx, true)
		if err != nil {
			return n, err
		}
		n.network = only[0].network
	}
	return n, nil
}

// attaching are the commands by which a server gets an interface: the port, and
// that it is the server's.
func attaching(ctx context.Context, one *view.Server, n nic) []commands.Command {
	owner := "compute:" + cmp.Or(one.Zone, "nova")
	if n.port != "" {
		return []commands.Command{
			netcmd.UpdatePort{ID: n.port, Trusted: true, DeviceID: &one.ID, DeviceOwner: &owner, IfFree: true},
			cmd.AttachInterface{ID: one.ID, PortID: n.port, By: by(ctx)},
		}
	}
	p := netcmd.CreatePort{ID: api.NewID(ctx), ProjectID: one.ProjectID, NetworkID: n.network, Trusted: isAdmin(ctx),
		DeviceID: one.ID, DeviceOwner: owner, AdminStateUp: true}
	if n.address.IsValid() {
		p.FixedIPs = []netcmd.FixedIPRequest{{Address: n.address}}
	}
	return []commands.Command{p, cmd.AttachInterface{ID: one.ID, PortID: p.ID, Own: true, By: by(ctx)}}
}

func (s *Service) detachInterface(ctx context.Context, in *interfaceID) (*api.Empty, error) {
	if _, err := seenServer(ctx, in.ID); err != nil {
		return nil, err
	}
	_, err := s.Do(ctx, cmd.DetachInterface{ID: in.ID, PortID: in.Port, By: by(ctx)})
	return &api.Empty{Status: http.StatusAccepted}, err
}

type groupName struct {
	Name string `json:"name" minLength:"1" maxLength:"255"`
}

func (s *Service) addSecurityGroup(ctx context.Context, id string, in *groupName) (*api.Respond, error) {
	return s.changeGroups(ctx, id, in.Name, func(ids []string, group string) ([]string, bool) {
		return append(without(ids, group), group), true
	})
}

func (s *Service) removeSecurityGroup(ctx context.Context, id string, in *groupName) (*api.Respond, error) {
	return s.changeGroups(ctx, id, in.Name, func(ids []string, group string) ([]string, bool) {
		left := without(ids, group)
		return left, len(left) < len(ids)
	})
}

func without(ids []string, id string) (left []string) {
	left = []string{}
	for _, other := range ids {
		if other != id {
			left = append(left, other)
		}
	}
	return left
}

// changeGroups changes the security groups of all of a server's ports together.
func (s *Service) changeGroups(ctx context.Context, id, name string, change func(ids []string, group string) ([]string, bool)) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	group, err := groupNamed(ctx, one.ProjectID, name)
	if err != nil {
		return nil, err
	}
	var batch []commands.Command
	for _, p := range portsOf(api.World(ctx), &one) {
		if !p.PortSecurity {
			continue
		}
		if ids, changed := change(p.SecurityGroupIDs, group); changed {
			batch = append(batch, netcmd.UpdatePort{ID: p.ID, Trusted: true, SecurityGroupIDs: &ids})
		}
	}
	if len(batch) == 0 {
		return nil, commands.Refuse(commands.NotFound, "Security group %s not associated with the instance %s", name, id)
	}
	_, err = s.Do(ctx, batch...)
	return &api.Respond{}, err
}

// groupNamed is the security group of a project that has this name or id.
func groupNamed(ctx context.Context, project, name string) (id string, err error) {
	groups := &api.World(ctx).Network.Groups
	if g, ok := groups.Get(name); ok && g.ProjectID == project {
		return g.ID, nil
	}
	for found := range groups.Named(project, name, "") {
		if id != "" {
			return "", commands.Refuse(commands.Conflict, "Multiple security groups found matching '%s'. Use an ID to be more specific.", name)
		}
		id = found
	}
	if id == "" {
		return "", commands.Refuse(commands.NotFound, "Security group %s not found for project %s.", name, project)
	}
	return id, nil
}

package network

import (
	"slices"
	"strings"

	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections"
	view "skylog/projections/network"
)

// maxPairs is Neutron's limit of address pairs that a port may have.
const maxPairs = 10

// maxGroups is how many security groups a port may be in.
const maxGroups = 100

// CreatePort gives a device a place on a network: a MAC, addresses and security groups.
func CreatePort(w *projections.World, c cmd.CreatePort) ([]events.Event, error) {
	n, err := findNetwork(w, c.NetworkID)
	if err != nil {
		return nil, err
	}
	if !c.Trusted && n.ProjectID != c.ProjectID && !n.Public() {
		return nil, noNetwork(c.NetworkID)
	}
	if err := within(w, c.ProjectID, "port", 1); err != nil {
		return nil, err
	}
	s := evt.PortSettings{Name: c.Name, Description: c.Description, DeviceID: c.DeviceID, DeviceOwner: c.DeviceOwner,
		MAC: strings.ToLower(c.MAC), AdminStateUp: c.AdminStateUp, PortSecurity: n.PortSecurity && !strings.HasPrefix(c.DeviceOwner, "network:")}
	set(&s.PortSecurity, c.PortSecurity)
	if err := giveMAC(w, n.ID, c.ID, &s); err != nil {
		return nil, err
	}
	a := newAllocation(w, n, s.MAC, s.DeviceOwner, nil)
	if s.FixedIPs, err = a.give(c.FixedIPs); err != nil {
		return nil, err
	}
	decided := ensureDefault(w, c.ProjectID, c.ID)
	s.SecurityGroupIDs = distinctIDs(c.SecurityGroupIDs)
	if c.SecurityGroupIDs == nil && s.PortSecurity {
		s.SecurityGroupIDs = []string{defaultGroup(w, c.ProjectID, c.ID)}
	} else if err := checkGroups(w, c.ProjectID, s, c.Trusted, nil); err != nil {
		return nil, err
	}
	if s.AllowedPairs, err = pairs(c.AllowedPairs, s); err != nil {
		return nil, err
	}
	decided = append(decided, evt.PortCreated{ID: c.ID, ProjectID: c.ProjectID, NetworkID: n.ID, Settings: s})
	if c.Host != "" {
		decided = append(decided, evt.PortBound{ID: c.ID, Host: c.Host})
	}
	if strings.HasPrefix(s.DeviceOwner, "compute:") {
		decided = append(decided, serve(a, c.ID, s.FixedIPs)...)
	}
	return decided, nil
}

func giveMAC(w *projections.World, networkID, seed string, s *evt.PortSettings) (err error) {
	if s.MAC == "" {
		s.MAC, err = mac(w, networkID, seed)
		return err
	}
	if macInUse(w, networkID, s.MAC) {
		return commands.RefuseAs(commands.Conflict, "MacAddressInUse", "Unable to complete operation for network %s. The mac address %s is in use.", networkID, s.MAC)
	}
	return nil
}

// distinctIDs are ids in order, each once, so that the order in which they are
// asked for makes no difference.
func distinctIDs(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// checkGroups refuses groups that the port's project can't use. Those that the
// port is in already stay usable.
func checkGroups(w *projections.World, projectID string, s evt.PortSettings, trusted bool, had []string) error {
	switch {
	case len(s.SecurityGroupIDs) > maxGroups:
		return invalid("a port can be in at most %d security groups", maxGroups)
	case len(s.SecurityGroupIDs) > 0 && !s.PortSecurity:
		return commands.RefuseAs(commands.Invalid, "PortSecurityAndIPRequiredForSecurityGroups",
			"Port security must be enabled and port must have an IP address in order to use a security group.")
	}
	for _, id := range s.SecurityGroupIDs {
		g, ok := w.Network.Groups.Get(id)
		if !ok || !trusted && g.ProjectID != projectID && !slices.Contains(had, id) {
			return noGroup(id)
		}
	}
	return nil
}

// pairs checks the further senders that a port may use.
func pairs(asked []cmd.AddressPair, s evt.PortSettings) ([]evt.AddressPair, error) {
	var all []evt.AddressPair
	switch {
	case len(asked) > maxPairs:
		return nil, commands.RefuseAs(commands.Invalid, "AllowedAddressPairExhausted", "The number of allowed address pair exceeds the maximum %d.", maxPairs)
	case len(asked) > 0 && !s.PortSecurity:
		return nil, commands.RefuseAs(commands.Conflict, "AddressPairAndPortSecurityRequired", "Port Security must be enabled in order to have allowed address pairs on a port.")
	}
	for _, p := range asked {
		pair := evt.AddressPair{MAC: strings.ToLower(p.MAC), Address: p.Address}
		if slices.Contains(all, pair) {
			return nil, commands.RefuseAs(commands.Invalid, "DuplicateAddressPairInRequest", "Request contains duplicate address pair: mac_address %s ip_address %s.", p.MAC, p.Address)
		}
		all = append(all, pair)
	}
	return all, nil
}

func findPort(w *projections.World, id string) (view.Port, error) {
	p, ok := w.Network.Ports.Get(id)
	if !ok {
		return p, commands.RefuseAs(commands.NotFound, "PortNotFound", "Port %s could not be found.", id)
	}
	return p, nil
}

// DeletePort frees a port's addresses. A router's port goes with the router's interface.
func DeletePort(w *projections.World, c cmd.DeletePort) ([]events.Event, error) {
	p, err := findPort(w, c.ID)
	if err != nil {
		return nil, err
	}
	if err := current(c.Revision, p.Standard); err != nil {
		return nil, err
	}
	if p.Routes() {
		return nil, commands.RefuseAs(commands.Conflict, "ServicePortInUse", "Port %s cannot be deleted directly via the port API: has device owner %s.", p.ID, p.DeviceOwner)
	}
	return events.List(p.Deleted()), nil
}

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

// UpdatePort changes what is asked of a port's settings and of where it is bound.
func UpdatePort(w *projections.World, c cmd.UpdatePort) ([]events.Event, error) {
	p, err := findPort(w, c.ID)
	if err != nil {
		return nil, err
	}
	n, err := findNetwork(w, p.NetworkID)
	if err != nil {
		return nil, err
	}
	if err := current(c.Revision, p.Standard); err != nil {
		return nil, err
	}
	if c.IfFree && c.DeviceID != nil && p.DeviceID != "" && p.DeviceID != *c.DeviceID {
		return nil, commands.RefuseAs(commands.Conflict, "PortInUse",
			"Unable to complete operation on port %s for network %s. Port already has an attached device %s.", p.ID, p.NetworkID, p.DeviceID)
	}
	s := p.PortSettings
	set(&s.Name, c.Name)
	set(&s.Description, c.Description)
	set(&s.DeviceID, c.DeviceID)
	set(&s.DeviceOwner, c.DeviceOwner)
	set(&s.AdminStateUp, c.AdminStateUp)
	if err := changeMAC(w, p, c.MAC, &s); err != nil {
		return nil, err
	}
	a := newAllocation(w, n, s.MAC, s.DeviceOwner, p.FixedIPs)
	if err := changeAddresses(a, c, p, &s); err != nil {
		return nil, err
	}
	decided, err := changeFilter(w, c, p, &s)
	if err != nil {
		return nil, err
	}
	if change, changed := reconfigured(p, s); changed {
		decided = append(decided, change)
	}
	decided = append(decided, rebound(p, c.Host)...)
	if strings.HasPrefix(s.DeviceOwner, "compute:") {
		decided = append(decided, serve(a, p.ID, s.FixedIPs)...)
	}
	return decided, nil
}

func changeMAC(w *projections.World, p view.Port, asked *string, s *evt.PortSettings) error {
	if asked == nil || *asked != "" && strings.EqualFold(*asked, p.MAC) {
		return nil
	}
	if p.Host != "" {
		return commands.RefuseAs(commands.Conflict, "PortBound", "Unable to complete operation on port %s, port is already bound, port type: %s, old_mac %s, new_mac %s.",
			p.ID, p.VIFType, p.MAC, *asked)
	}
	s.MAC = strings.ToLower(*asked)
	return giveMAC(w, p.NetworkID, p.ID, s)
}

// changeAddresses gives the port the addresses asked for. Derived ones follow
// the MAC and stay without being asked for.
func changeAddresses(a *allocation, c cmd.UpdatePort, p view.Port, s *evt.PortSettings) (err error) {
	if c.FixedIPs == nil && s.MAC == p.MAC {
		return nil
	}
	var asked []cmd.FixedIPRequest
	if c.FixedIPs != nil {
		asked = *c.FixedIPs
	} else {
		for _, f := range p.FixedIPs {
			if subnet, _ := a.w.Network.Subnets.Get(f.SubnetID); !subnet.Auto() || a.router {
				asked = append(asked, cmd.FixedIPRequest(f))
			}
		}
	}
	if asked == nil { // nothing is asked for; nil would ask for any
		asked = []cmd.FixedIPRequest{}
	}
	s.FixedIPs, err = a.give(asked)
	return err
}

// changeFilter changes port security, groups and pairs, which hang together.
func changeFilter(w *projections.World, c cmd.UpdatePort, p view.Port, s *evt.PortSettings) ([]events.Event, error) {
	set(&s.PortSecurity, c.PortSecurity)
	var decided []events.Event
	switch {
	case c.SecurityGroupIDs != nil:
		s.SecurityGroupIDs = distinctIDs(*c.SecurityGroupIDs)
	case s.PortSecurity && !p.PortSecurity:
		decided = ensureDefault(w, p.ProjectID, p.ID)
		s.SecurityGroupIDs = []string{defaultGroup(w, p.ProjectID, p.ID)}
	}
	switch {
	case !s.PortSecurity && p.PortSecurity && c.SecurityGroupIDs == nil && len(s.SecurityGroupIDs) > 0:
		return nil, commands.RefuseAs(commands.Conflict, "PortSecurityPortHasSecurityGroup",
			"Port has security group associated. Cannot disable port security or IP address until security group is removed.")
	case len(decided) == 0 && !slices.Equal(s.SecurityGroupIDs, p.SecurityGroupIDs), !s.PortSecurity:
		if err := checkGroups(w, p.ProjectID, *s, c.Trusted, p.SecurityGroupIDs); err != nil {
			return nil, err
		}
	}
	asked := c.AllowedPairs
	if asked == nil && !s.PortSecurity {
		var had []cmd.AddressPair
		for _, pair := range s.AllowedPairs {
			had = append(had, cmd.AddressPair(pair))
		}
		asked = &had
	}
	if asked == nil {
		return decided, nil
	}
	var err error
	s.AllowedPairs, err = pairs(*asked, *s)
	return decided, err
}

// reconfigured tells what changes for others when a port's settings do.
func reconfigured(p view.Port, s evt.PortSettings) (evt.PortReconfigured, bool) {
	was := p.PortSettings
	e := evt.PortReconfigured{ID: p.ID, NetworkID: p.NetworkID, Settings: s}
	for _, g := range was.SecurityGroupIDs {
		if !slices.Contains(s.SecurityGroupIDs, g) {
			e.LeftGroups = append(e.LeftGroups, g)
		}
	}
	if s.DeviceID != was.DeviceID && p.Host != "" {
		e.LeftDevice = was.DeviceID
	}
	e.SendersChanged = s.PortSecurity != was.PortSecurity || !slices.Equal(s.FixedIPs, was.FixedIPs) ||
		!slices.Equal(s.SecurityGroupIDs, was.SecurityGroupIDs) || !slices.Equal(s.AllowedPairs, was.AllowedPairs)
	changed := e.SendersChanged || s.Name != was.Name || s.Description != was.Description || s.DeviceID != was.DeviceID ||
		s.DeviceOwner != was.DeviceOwner || s.MAC != was.MAC || s.AdminStateUp != was.AdminStateUp
	return e, changed
}

// rebound says what becomes of a port's binding when this host is asked for.
func rebound(p view.Port, host *string) []events.Event {
	switch {
	case host == nil || *host == p.Host:
		return nil
	case *host == "":
		return events.List(evt.PortUnbound{ID: p.ID})
	}
	return events.List(evt.PortBound{ID: p.ID, Host: *host})
}

package network

import (
	"math"

	"skylog/commands"
	cmd "skylog/commands/network"
	"skylog/events"
	evt "skylog/events/network"
	"skylog/projections"
	view "skylog/projections/network"
)

// The MTUs that a network may have. IPv4 can't do with less than the minimum;
// the default leaves room for VXLAN's headers within an Ethernet frame.
const (
	minMTU     = 68
	minMTUv6   = 1280
	defaultMTU = 1450
	maxMTU     = 9000
)

// maxVNI is the highest segment that VXLAN can name.
const maxVNI = 1<<24 - 1

// CreateNetwork makes a network on the lowest segment that is free, or the one asked for.
func CreateNetwork(w *projections.World, c cmd.CreateNetwork) ([]events.Event, error) {
	if err := within(w, c.ProjectID, "network", 1); err != nil {
		return nil, err
	}
	mtu := c.MTU
	if mtu == 0 {
		mtu = defaultMTU
	}
	if err := checkMTU(w, c.ID, mtu); err != nil {
		return nil, err
	}
	vni, err := segment(w, c.VNI)
	if err != nil {
		return nil, err
	}
	return append(ensureDefault(w, c.ProjectID, c.ID), evt.NetworkCreated{
		ID: c.ID, ProjectID: c.ProjectID, VNI: vni, ZoneHints: c.ZoneHints,
		Settings: evt.NetworkSettings{Name: c.Name, Description: c.Description, AdminStateUp: c.AdminStateUp, Shared: c.Shared,
			External: c.External, PortSecurity: c.PortSecurity, MTU: mtu},
	}), nil
}

func segment(w *projections.World, asked uint32) (uint32, error) {
	if asked == 0 {
		vni, ok := w.Network.Segments.FirstFree("", 1, maxVNI, nil)
		if !ok {
			return 0, commands.RefuseAs(commands.Exhausted, "NoNetworkAvailable", "Unable to create the network. No project network is available for allocation.")
		}
		return vni, nil
	}
	switch {
	case asked > maxVNI:
		return 0, invalid("segmentation_id out of range (1 through %d)", maxVNI)
	case w.Network.Segments.InUse("", asked):
		return 0, commands.RefuseAs(commands.Conflict, "TunnelIdInUse", "Unable to create the network. The tunnel ID %d is in use.", asked)
	}
	return asked, nil
}

// checkMTU refuses an MTU that no network can have, or not one with this network's subnets.
func checkMTU(w *projections.World, id string, mtu int) error {
	least := math.MinInt
	switch {
	case mtu > maxMTU:
		return invalid("Requested MTU is too big, maximum is %d", maxMTU)
	case mtu < minMTU:
		least = minMTU
	case mtu < minMTUv6:
		for _, s := range w.Network.Subnets.OfNetwork(id, "") {
			if s.IPv6() {
				least = minMTUv6
				break
			}
		}
	}
	if mtu < least {
		return commands.RefuseAs(commands.Invalid, "NetworkMTUSubnetConflict", "Minimum MTU of %d is not met by network %s.", least, id)
	}
	return nil
}

func findNetwork(w *projections.World, id string) (view.Network, error) {
	n, ok := w.Network.Networks.Get(id)
	if !ok {
		return n, noNetwork(id)
	}
	return n, nil
}

func noNetwork(id string) error {
	return commands.RefuseAs(commands.NotFound, "NetworkNotFound", "Network %s could not be found.", id)
}

// UpdateNetwork changes what is asked of a network's settings.
func UpdateNetwork(w *projections.World, c cmd.UpdateNetwork) ([]events.Event, error) {
	n, err := findNetwork(w, c.ID)
	if err != nil {
		return nil, err
	}
	if err := current(c.Revision, n.Standard); err != nil {
		return nil, err
	}
	s := n.NetworkSettings
	set(&s.Name, c.Name)
	set(&s.Description, c.Description)
	set(&s.AdminStateUp, c.AdminStateUp)
	set(&s.Shared, c.Shared)
	set(&s.External, c.External)
	set(&s.PortSecurity, c.PortSecurity)
	set(&s.MTU, c.MTU)
	if s == n.NetworkSettings {
		return nil, nil
	}
	if err := checkMTU(w, n.ID, s.MTU); err != nil {
		return nil, err
	}
	if n.Shared && !s.Shared && usedByOthers(w, n) {
		return nil, commands.RefuseAs(commands.Conflict, "InvalidSharedSetting",
			"Unable to reconfigure sharing settings for network %s. Multiple projects are using it.", n.Name)
	}
	return events.List(evt.NetworkReconfigured{ID: n.ID, Settings: s}), nil
}

// set puts a value where one is given.
func set[T any](at *T, v *T) {
	if v != nil {
		*at = *v
	}
}

// usedByOthers says whether other projects have ports on a network. It stops at
// the first; a project that shares a network with itself alone bounds it by its quota.
func usedByOthers(w *projections.World, n view.Network) bool {
	for _, p := range w.Network.Ports.OfNetwork(n.ID, "") {
		if p.ProjectID != n.ProjectID {
			return true
		}
	}
	return false
}

// DeleteNetwork removes a network with its subnets and its own DHCP port.
func DeleteNetwork(w *projections.World, c cmd.DeleteNetwork) ([]events.Event, error) {
	n, err := findNetwork(w, c.ID)
	if err != nil {
		return nil, err
	}
	if err := current(c.Revision, n.Standard); err != nil {
		return nil, err
	}
	var gone []events.Event
	for id, p := range w.Network.Ports.OfNetwork(c.ID, "") {
		if !p.DHCP() {
			return nil, commands.RefuseAs(commands.Conflict, "NetworkInUse",
				"Unable to complete operation on network %s. There are one or more ports still in use on the network, id for these ports is: %s.", c.ID, id)
		}
		gone = append(gone, p.Deleted())
	}
	for id := range w.Network.Subnets.OfNetwork(c.ID, "") {
		gone = append(gone, evt.SubnetDeleted{ID: id, NetworkID: c.ID})
	}
	return append(gone, evt.NetworkDeleted{ID: c.ID}), nil
}

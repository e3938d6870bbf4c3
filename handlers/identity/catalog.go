package identity

import (
	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
)

// CreateRegion puts a region into the catalog.
func CreateRegion(w *projections.World, c cmd.CreateRegion) ([]events.Event, error) {
	switch {
	case w.Identity.Regions.Has(c.ID):
		return nil, idTaken("region", c.ID)
	case c.ParentID != "" && !w.Identity.Regions.Has(c.ParentID):
		return nil, notFound("region", c.ParentID)
	}
	extra, err := merged("", c.Extra)
	if err != nil {
		return nil, err
	}
	c.Extra = extra
	return events.List(evt.RegionCreated(c)), nil
}

// maxRegionDepth is how deep regions may stand.
const maxRegionDepth = 16

// ChangeRegion revises a region's entry, unless it would come to stand below itself.
func ChangeRegion(w *projections.World, c cmd.ChangeRegion) ([]events.Event, error) {
	r, ok := w.Identity.Regions.Get(c.ID)
	if !ok {
		return nil, notFound("region", c.ID)
	}
	extra, err := merged(r.Extra, c.Extra)
	if err != nil {
		return nil, err
	}
	is := evt.RegionRevised{ID: c.ID, ParentID: or(c.ParentID, r.ParentID), Description: or(c.Description, r.Description), Extra: extra}
	depth := 0
	for above := is.ParentID; above != ""; depth++ {
		up, ok := w.Identity.Regions.Get(above)
		switch {
		case !ok:
			return nil, notFound("region", above)
		case above == c.ID || depth >= maxRegionDepth:
			return nil, commands.Refuse(commands.Invalid, "Region %s can't be below %s: that would be a circle or too deep.", c.ID, is.ParentID)
		}
		above = up.ParentID
	}
	if is == evt.RegionRevised(r) {
		return nil, nil
	}
	return events.List(is), nil
}

// DeleteRegion takes a region out of the catalog that nothing is in.
func DeleteRegion(w *projections.World, c cmd.DeleteRegion) ([]events.Event, error) {
	if !w.Identity.Regions.Has(c.ID) {
		return nil, notFound("region", c.ID)
	}
	for range w.Identity.Endpoints.OfRegion(c.ID) {
		return nil, commands.Refuse(commands.Forbidden, "Unable to delete region %s because it has associated endpoints.", c.ID)
	}
	for range w.Identity.Regions.Children(c.ID) {
		return nil, commands.Refuse(commands.Forbidden, "Unable to delete region %s because it or its child regions have associated endpoints or regions.", c.ID)
	}
	if w.Identity.RegisteredLimits.InRegion(c.ID) {
		return nil, commands.Refuse(commands.Forbidden, "Unable to delete region %s because it has associated registered limits.", c.ID)
	}
	return events.List(evt.RegionDeleted(c)), nil
}

// CreateService puts a service into the catalog. Several of one type are possible.
func CreateService(w *projections.World, c cmd.CreateService) ([]events.Event, error) {
	if w.Identity.Services.Has(c.ID) {
		return nil, idTaken("service", c.ID)
	}
	extra, err := merged("", c.Extra)
	if err != nil {
		return nil, err
	}
	c.Extra = extra
	return events.List(evt.ServiceCreated(c)), nil
}

// ChangeService revises a service's entry.
func ChangeService(w *projections.World, c cmd.ChangeService) ([]events.Event, error) {
	s, ok := w.Identity.Services.Get(c.ID)
	if !ok {
		return nil, notFound("service", c.ID)
	}
	extra, err := merged(s.Extra, c.Extra)
	if err != nil {
		return nil, err
	}
	is := evt.ServiceRevised{ID: c.ID, Type: or(c.Type, s.Type), Name: or(c.Name, s.Name),
		Description: or(c.Description, s.Description), Enabled: or(c.Enabled, s.Enabled), Extra: extra}
	if is == evt.ServiceRevised(s) {
		return nil, nil
	}
	return events.List(is), nil
}

// DeleteService takes a service out of the catalog, and its endpoints.
func DeleteService(w *projections.World, c cmd.DeleteService) ([]events.Event, error) {
	if !w.Identity.Services.Has(c.ID) {
		return nil, notFound("service", c.ID)
	}
	var facts []events.Event
	for id := range w.Identity.Endpoints.OfService(c.ID) {
		facts = append(facts, evt.EndpointDeleted{ID: id})
	}
	return append(facts, evt.ServiceDeleted(c)), nil
}

// maxEndpoints is how many endpoints a service may have: all of them are in every token's catalog.
const maxEndpoints = 100

// CreateEndpoint says where a service can be reached.
func CreateEndpoint(w *projections.World, c cmd.CreateEndpoint) ([]events.Event, error) {
	if w.Identity.Endpoints.Has(c.ID) {
		return nil, idTaken("endpoint", c.ID)
	}
	if err := endpointRefers(w, c.ServiceID, c.RegionID); err != nil {
		return nil, err
	}
	n := 0
	for range w.Identity.Endpoints.OfService(c.ServiceID) {
		if n++; n >= maxEndpoints {
			return nil, commands.Refuse(commands.Forbidden, "Service %s has %d endpoints, more are not possible.", c.ServiceID, maxEndpoints)
		}
	}
	extra, err := merged("", c.Extra)
	if err != nil {
		return nil, err
	}
	c.Extra = extra
	return events.List(evt.EndpointCreated(c)), nil
}

func endpointRefers(w *projections.World, serviceID, regionID string) error {
	switch {
	case !w.Identity.Services.Has(serviceID):
		return commands.Refuse(commands.Invalid, "Could not find service: %s.", serviceID)
	case regionID != "" && !w.Identity.Regions.Has(regionID):
		return commands.Refuse(commands.Invalid, "Could not find region: %s.", regionID)
	}
	return nil
}

// ChangeEndpoint revises an endpoint's entry.
func ChangeEndpoint(w *projections.World, c cmd.ChangeEndpoint) ([]events.Event, error) {
	e, ok := w.Identity.Endpoints.Get(c.ID)
	if !ok {
		return nil, notFound("endpoint", c.ID)
	}
	extra, err := merged(e.Extra, c.Extra)
	if err != nil {
		return nil, err
	}
	is := evt.EndpointRevised{ID: c.ID, ServiceID: or(c.ServiceID, e.ServiceID), Interface: or(c.Interface, e.Interface),
		RegionID: or(c.RegionID, e.RegionID), URL: or(c.URL, e.URL), Enabled: or(c.Enabled, e.Enabled), Extra: extra}
	if err := endpointRefers(w, is.ServiceID, is.RegionID); err != nil {
		return nil, err
	}
	if is == evt.EndpointRevised(e) {
		return nil, nil
	}
	return events.List(is), nil
}

// DeleteEndpoint takes an endpoint out of the catalog.
func DeleteEndpoint(w *projections.World, c cmd.DeleteEndpoint) ([]events.Event, error) {
	if !w.Identity.Endpoints.Has(c.ID) {
		return nil, notFound("endpoint", c.ID)
	}
	return events.List(evt.EndpointDeleted(c)), nil
}

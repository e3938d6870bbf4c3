package identity

import (
	"skylog/commands"
	cmd "skylog/commands/identity"
	"skylog/events"
	evt "skylog/events/identity"
	"skylog/projections"
	view "skylog/projections/identity"
)

// DefaultDomainID is the id of the domain that is there from the beginning.
const DefaultDomainID = "default"

// Bootstrap makes an empty cloud one that an administrator can log in to.
func Bootstrap(w *projections.World, c cmd.Bootstrap) ([]events.Event, error) {
	if w.Identity.Domains.Len() > 0 {
		return nil, commands.Refuse(commands.Conflict, "The cloud was bootstrapped before.")
	}
	facts := events.List(
		evt.DomainCreated{ID: DefaultDomainID, Name: "Default", Description: "The default domain", Enabled: true},
		evt.ProjectCreated{ID: c.ProjectID, DomainID: DefaultDomainID, Name: "admin", Description: "The administrators' project", Enabled: true},
		evt.UserCreated{ID: c.UserID, DomainID: DefaultDomainID, Name: "admin", PasswordHash: c.PasswordHash, Enabled: true},
		evt.RoleCreated{ID: c.AdminRoleID, Name: "admin", Immutable: true},
		evt.RoleCreated{ID: c.ManagerRoleID, Name: "manager", Immutable: true},
		evt.RoleCreated{ID: c.MemberRoleID, Name: "member", Immutable: true},
		evt.RoleCreated{ID: c.ReaderRoleID, Name: "reader", Immutable: true},
		evt.RoleCreated{ID: c.ServiceRoleID, Name: "service", Immutable: true},
		evt.RoleImplied{PriorID: c.AdminRoleID, ImpliedID: c.ManagerRoleID},
		evt.RoleImplied{PriorID: c.ManagerRoleID, ImpliedID: c.MemberRoleID},
		evt.RoleImplied{PriorID: c.MemberRoleID, ImpliedID: c.ReaderRoleID},
		evt.RoleGranted{Assignment: evt.Assignment{ActorKind: view.ForUser, ActorID: c.UserID,
			TargetKind: view.OnProject, TargetID: c.ProjectID, RoleID: c.AdminRoleID}},
		evt.RoleGranted{Assignment: evt.Assignment{ActorKind: view.ForUser, ActorID: c.UserID,
			TargetKind: view.OnSystem, TargetID: view.SystemID, RoleID: c.AdminRoleID}},
		evt.RegionCreated{ID: c.RegionID},
	)
	for _, s := range c.Services {
		facts = append(facts,
			evt.ServiceCreated{ID: s.ID, Type: s.Type, Name: s.Name, Description: s.Description, Enabled: true},
			evt.EndpointCreated{ID: s.PublicID, ServiceID: s.ID, Interface: "public", RegionID: c.RegionID, URL: s.PublicURL, Enabled: true},
			evt.EndpointCreated{ID: s.InternalID, ServiceID: s.ID, Interface: "internal", RegionID: c.RegionID, URL: s.InternalURL, Enabled: true},
			evt.EndpointCreated{ID: s.AdminID, ServiceID: s.ID, Interface: "admin", RegionID: c.RegionID, URL: s.AdminURL, Enabled: true})
	}
	return facts, nil
}

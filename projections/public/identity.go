package public

import evt "skylog/events/identity"

func init() {
	internal(func(e evt.DomainCreated) string { return e.ID })
	internal(func(e evt.DomainDescribed) string { return e.ID })
	internal(func(e evt.DomainEnabled) string { return e.ID })
	internal(func(e evt.DomainDisabled) string { return e.ID })
	internal(func(e evt.DomainDeleted) string { return e.ID })

	on(func(e evt.ProjectCreated) About { return About{Subject: Subject{ID: e.ID}, Project: e.ID} })
	its(func(e evt.ProjectDescribed) string { return e.ID })
	its(func(e evt.ProjectTagged) string { return e.ID })
	its(func(e evt.ProjectEnabled) string { return e.ID })
	its(func(e evt.ProjectDisabled) string { return e.ID })
	its(func(e evt.ProjectDeleted) string { return e.ID })

	on(func(e evt.UserCreated) About { return About{Subject: Subject{ID: e.ID}, User: e.ID} })
	its(func(e evt.UserDescribed) string { return e.ID })
	its(func(e evt.UserPasswordChanged) string { return e.ID })
	its(func(e evt.UserEnabled) string { return e.ID })
	its(func(e evt.UserDisabled) string { return e.ID })
	its(func(e evt.UserDeleted) string { return e.ID })
	its(func(e evt.UserLoginFailed) string { return e.ID })
	its(func(e evt.UserLoginSucceeded) string { return e.ID })

	internal(func(e evt.GroupCreated) string { return e.ID })
	internal(func(e evt.GroupDescribed) string { return e.ID })
	internal(func(e evt.GroupDeleted) string { return e.ID })
	on(func(e evt.UserJoinedGroup) About {
		return About{Subject: Subject{ID: e.GroupID}, Also: []Subject{user(e.UserID)}}
	})
	on(func(e evt.UserLeftGroup) About {
		return About{Subject: Subject{ID: e.GroupID}, Also: []Subject{user(e.UserID)}}
	})

	internal(func(e evt.RoleCreated) string { return e.ID })
	internal(func(e evt.RoleDescribed) string { return e.ID })
	internal(func(e evt.RoleDeleted) string { return e.ID })
	internal(func(e evt.RoleImplied) string { return e.PriorID })
	internal(func(e evt.RoleNoLongerImplied) string { return e.PriorID })
	on(func(e evt.RoleGranted) About { return assignment(e.Assignment) })
	on(func(e evt.RoleRevoked) About { return assignment(e.Assignment) })

	catalogEntries()
	lentEntries()
}

func catalogEntries() {
	internal(func(e evt.RegionCreated) string { return e.ID })
	internal(func(e evt.RegionRevised) string { return e.ID })
	internal(func(e evt.RegionDeleted) string { return e.ID })
	internal(func(e evt.ServiceCreated) string { return e.ID })
	internal(func(e evt.ServiceRevised) string { return e.ID })
	internal(func(e evt.ServiceDeleted) string { return e.ID })
	internal(func(e evt.EndpointCreated) string { return e.ID })
	internal(func(e evt.EndpointRevised) string { return e.ID })
	internal(func(e evt.EndpointDeleted) string { return e.ID })

	internal(func(e evt.RegisteredLimitCreated) string { return e.ID })
	internal(func(e evt.RegisteredLimitRevised) string { return e.ID })
	internal(func(e evt.RegisteredLimitDeleted) string { return e.ID })
	on(func(e evt.LimitCreated) About { return About{Subject: Subject{ID: e.ID}, Project: e.ProjectID} })
	its(func(e evt.LimitRevised) string { return e.ID })
	its(func(e evt.LimitDeleted) string { return e.ID })
	internal(func(e evt.EndpointGroupCreated) string { return e.ID })
	internal(func(e evt.EndpointGroupRevised) string { return e.ID })
	internal(func(e evt.EndpointGroupDeleted) string { return e.ID })
	internal(func(e evt.EndpointAssociated) string { return e.ID })
	internal(func(e evt.EndpointDissociated) string { return e.ID })
	internal(func(e evt.PolicyCreated) string { return e.ID })
	internal(func(e evt.PolicyRevised) string { return e.ID })
	internal(func(e evt.PolicyDeleted) string { return e.ID })
	internal(func(e evt.PolicyAssociated) string { return e.PolicyID })
	internal(func(e evt.PolicyDissociated) string { return e.EndpointID + e.ServiceID + e.RegionID })
}

func lentEntries() {
	internal(func(e evt.TokenRevoked) string { return e.AuditID })
	internal(func(e evt.TokenRevocationForgotten) string { return e.AuditID })

	on(func(e evt.ApplicationCredentialCreated) About {
		return About{Subject: Subject{ID: e.ID}, User: e.UserID}
	})
	its(func(e evt.ApplicationCredentialDeleted) string { return e.ID })
	on(func(e evt.AccessRuleCreated) About { return About{Subject: Subject{ID: e.ID}, User: e.UserID} })
	its(func(e evt.AccessRuleDeleted) string { return e.ID })
	on(func(e evt.TrustCreated) About {
		return About{Subject: Subject{ID: e.ID}, User: e.TrustorID, Also: []Subject{user(e.TrusteeID)}}
	})
	its(func(e evt.TrustUsed) string { return e.ID })
	its(func(e evt.TrustDeleted) string { return e.ID })
	on(func(e evt.CredentialCreated) About { return About{Subject: Subject{ID: e.ID}, User: e.UserID} })
	its(func(e evt.CredentialReplaced) string { return e.ID })
	its(func(e evt.CredentialDeleted) string { return e.ID })
}

func user(id string) Subject { return Subject{"identity", "user", id} }

// assignment is part of two stories that have no owner in common: that of who
// has the role and that of where. Who has it may know.
func assignment(a evt.Assignment) About {
	about := About{
		Subject: Subject{ID: a.ActorID + ":" + a.TargetID + ":" + a.RoleID},
		Also:    []Subject{{"identity", a.ActorKind, a.ActorID}, {"identity", a.TargetKind, a.TargetID}},
	}
	if a.ActorKind == "user" {
		about.User = a.ActorID
	}
	return about
}

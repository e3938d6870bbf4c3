// Package identity is what has happened in the identity service: who there is,
// where they belong, what they may, and where the services are.
//
// Extra, wherever an event has it, is a JSON object in its text form with the
// attributes that the service files and shows but doesn't understand, such as a
// user's email; empty: there are none. Passwords and secrets are here as
// bcrypt hashes, and what must be read again is sealed with its owner's key.
package identity

import "skylog/events"

// Catalog lists the event types of the service.
func Catalog() []events.Type {
	return append([]events.Type{
		events.Of[DomainCreated](),
		events.Of[DomainDescribed](),
		events.Of[DomainEnabled](),
		events.Of[DomainDisabled](),
		events.Of[DomainDeleted](),
		events.Of[ProjectCreated](),
		events.Of[ProjectDescribed](),
		events.Of[ProjectTagged](),
		events.Of[ProjectEnabled](),
		events.Of[ProjectDisabled](),
		events.Of[ProjectDeleted](),
		events.Of[UserCreated](),
		events.Of[UserDescribed](),
		events.Of[UserPasswordChanged](),
		events.Of[UserEnabled](),
		events.Of[UserDisabled](),
		events.Of[UserDeleted](),
		events.Of[UserLoginFailed](),
		events.Of[UserLoginSucceeded](),
		events.Of[GroupCreated](),
		events.Of[GroupDescribed](),
		events.Of[GroupDeleted](),
		events.Of[UserJoinedGroup](),
		events.Of[UserLeftGroup](),
		events.Of[RoleCreated](),
		events.Of[RoleDescribed](),
		events.Of[RoleDeleted](),
		events.Of[RoleImplied](),
		events.Of[RoleNoLongerImplied](),
		events.Of[RoleGranted](),
		events.Of[RoleRevoked](),
	}, append(catalogTypes(), lentTypes()...)...)
}

// catalogTypes are those of the catalog and its limits, lentTypes those of what lets others act.
func catalogTypes() []events.Type {
	return []events.Type{
		events.Of[RegionCreated](),
		events.Of[RegionRevised](),
		events.Of[RegionDeleted](),
		events.Of[ServiceCreated](),
		events.Of[ServiceRevised](),
		events.Of[ServiceDeleted](),
		events.Of[EndpointCreated](),
		events.Of[EndpointRevised](),
		events.Of[EndpointDeleted](),
		events.Of[RegisteredLimitCreated](),
		events.Of[RegisteredLimitRevised](),
		events.Of[RegisteredLimitDeleted](),
		events.Of[LimitCreated](),
		events.Of[LimitRevised](),
		events.Of[LimitDeleted](),
		events.Of[EndpointGroupCreated](),
		events.Of[EndpointGroupRevised](),
		events.Of[EndpointGroupDeleted](),
		events.Of[EndpointAssociated](),
		events.Of[EndpointDissociated](),
		events.Of[PolicyCreated](),
		events.Of[PolicyRevised](),
		events.Of[PolicyDeleted](),
		events.Of[PolicyAssociated](),
		events.Of[PolicyDissociated](),
	}
}

func lentTypes() []events.Type {
	return []events.Type{
		events.Of[TokenRevoked](),
		events.Of[TokenRevocationForgotten](),
		events.Of[ApplicationCredentialCreated](),
		events.Of[ApplicationCredentialDeleted](),
		events.Of[TrustCreated](),
		events.Of[TrustUsed](),
		events.Of[TrustDeleted](),
		events.Of[CredentialCreated](),
		events.Of[CredentialReplaced](),
		events.Of[CredentialDeleted](),
		events.Of[AccessRuleCreated](),
		events.Of[AccessRuleDeleted](),
	}
}

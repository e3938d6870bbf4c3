// Package identity has the rules of the identity service.
package identity

import "skylog/handlers"

// Register registers the service's deciders.
func Register(r *handlers.Registry) {
	handlers.On(r, Bootstrap)
	handlers.On(r, CreateDomain)
	handlers.On(r, ChangeDomain)
	handlers.On(r, DeleteDomain)
	handlers.On(r, CreateProject)
	handlers.On(r, ChangeProject)
	handlers.On(r, TagProject)
	handlers.On(r, UntagProject)
	handlers.On(r, DeleteProject)
	handlers.On(r, CreateUser)
	handlers.On(r, ChangeUser)
	handlers.On(r, ChangePassword)
	handlers.On(r, DeleteUser)
	handlers.On(r, CreateGroup)
	handlers.On(r, ChangeGroup)
	handlers.On(r, DeleteGroup)
	handlers.On(r, JoinGroup)
	handlers.On(r, LeaveGroup)
	handlers.On(r, CreateRole)
	handlers.On(r, ChangeRole)
	handlers.On(r, DeleteRole)
	handlers.On(r, ImplyRole)
	handlers.On(r, StopImplyingRole)
	handlers.On(r, GrantRole)
	handlers.On(r, RevokeRole)
	registerCatalog(r)
	registerLent(r)
}

// registerCatalog registers the deciders of the catalog and its limits.
func registerCatalog(r *handlers.Registry) {
	handlers.On(r, CreateRegion)
	handlers.On(r, ChangeRegion)
	handlers.On(r, DeleteRegion)
	handlers.On(r, CreateService)
	handlers.On(r, ChangeService)
	handlers.On(r, DeleteService)
	handlers.On(r, CreateEndpoint)
	handlers.On(r, ChangeEndpoint)
	handlers.On(r, DeleteEndpoint)
	handlers.On(r, CreateRegisteredLimit)
	handlers.On(r, ChangeRegisteredLimit)
	handlers.On(r, DeleteRegisteredLimit)
	handlers.On(r, CreateLimit)
	handlers.On(r, ChangeLimit)
	handlers.On(r, DeleteLimit)
	handlers.On(r, CreateEndpointGroup)
	handlers.On(r, ChangeEndpointGroup)
	handlers.On(r, DeleteEndpointGroup)
	handlers.On(r, AssociateEndpoint)
	handlers.On(r, DissociateEndpoint)
	handlers.On(r, CreatePolicy)
	handlers.On(r, ChangePolicy)
	handlers.On(r, DeletePolicy)
	handlers.On(r, AssociatePolicy)
	handlers.On(r, DissociatePolicy)
}

// registerLent registers the deciders of what lets others act, and of what ends it.
func registerLent(r *handlers.Registry) {
	handlers.On(r, RevokeToken)
	handlers.On(r, PassDeadline)
	handlers.On(r, CreateApplicationCredential)
	handlers.On(r, DeleteApplicationCredential)
	handlers.On(r, CreateTrust)
	handlers.On(r, UseTrust)
	handlers.On(r, DeleteTrust)
	handlers.On(r, CreateCredential)
	handlers.On(r, ReplaceCredential)
	handlers.On(r, DeleteCredential)
	handlers.On(r, DeleteAccessRule)
	handlers.On(r, CountFailedLogin)
	handlers.On(r, ForgiveFailedLogins)
}

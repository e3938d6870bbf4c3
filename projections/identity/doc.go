// Package identity is what is known in the identity service: a fold of its
// events. It also answers, from nothing but that, the two questions on which
// every request of every service hangs: whether a token still holds (Check) and
// which roles its bearer has now (Roles). Rights are never frozen in a token,
// so a grant and a withdrawal count at once.
package identity

import (
	"cmp"
	"strings"

	"skylog/events"
)

// Tables are the tables of the identity service.
type Tables struct {
	Domains                Domains
	Projects               Projects
	Users                  Users
	Groups                 Groups
	Memberships            Memberships
	Roles                  Roles
	Implications           Implications
	Assignments            Assignments
	Regions                Regions
	Services               Services
	Endpoints              Endpoints
	Revocations            Revocations
	ApplicationCredentials ApplicationCredentials
	Trusts                 Trusts
	Credentials            Credentials
	AccessRules            AccessRules
	RegisteredLimits       RegisteredLimits
	Limits                 Limits
	EndpointGroups         EndpointGroups
	EndpointAssociations   EndpointAssociations
	Policies               Policies
	PolicyAssociations     PolicyAssociations
}

// New makes the service's tables, empty.
func New() Tables {
	return Tables{
		Domains:                newDomains(),
		Projects:               newProjects(),
		Users:                  newUsers(),
		Groups:                 newGroups(),
		Memberships:            newMemberships(),
		Roles:                  newRoles(),
		Implications:           newImplications(),
		Assignments:            newAssignments(),
		Regions:                newRegions(),
		Services:               newServices(),
		Endpoints:              newEndpoints(),
		Revocations:            newRevocations(),
		ApplicationCredentials: newApplicationCredentials(),
		Trusts:                 newTrusts(),
		Credentials:            newCredentials(),
		AccessRules:            newAccessRules(),
		RegisteredLimits:       newRegisteredLimits(),
		Limits:                 newLimits(),
		EndpointGroups:         newEndpointGroups(),
		EndpointAssociations:   newEndpointAssociations(),
		Policies:               newPolicies(),
		PolicyAssociations:     newPolicyAssociations(),
	}
}

// Apply folds one event into every table that it concerns.
func (t *Tables) Apply(e events.Event, m events.Meta) {
	t.Domains.Apply(e, m)
	t.Projects.Apply(e, m)
	t.Users.Apply(e, m)
	t.Groups.Apply(e, m)
	t.Memberships.Apply(e, m)
	t.Roles.Apply(e, m)
	t.Implications.Apply(e, m)
	t.Assignments.Apply(e, m)
	t.Regions.Apply(e, m)
	t.Services.Apply(e, m)
	t.Endpoints.Apply(e, m)
	t.Revocations.Apply(e, m)
	t.ApplicationCredentials.Apply(e, m)
	t.Trusts.Apply(e, m)
	t.Credentials.Apply(e, m)
	t.AccessRules.Apply(e, m)
	t.RegisteredLimits.Apply(e, m)
	t.Limits.Apply(e, m)
	t.EndpointGroups.Apply(e, m)
	t.EndpointAssociations.Apply(e, m)
	t.Policies.Apply(e, m)
	t.PolicyAssociations.Apply(e, m)
}

// NameIn is a name within a domain, where it is unique.
type NameIn struct{ DomainID, Name string }

func compareNames(a, b NameIn) int {
	return cmp.Or(strings.Compare(a.DomainID, b.DomainID), strings.Compare(a.Name, b.Name))
}

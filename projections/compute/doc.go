// Package compute is what is known of servers and what belongs to them: a fold
// of the compute service's events.
package compute

import (
	"unique"

	"skylog/events"
)

// Tables are the tables of the compute service.
type Tables struct {
	Flavors    Flavors
	Access     FlavorAccess
	Keypairs   Keypairs
	Quotas     Quotas
	Hosts      Hosts
	Servers    Servers
	Actions    Actions
	Remains    Remains
	Grants     Grants
	Migrations Migrations

	Aggregates   Aggregates
	ServerGroups ServerGroups
	Ended        EndedServers
}

// New makes the service's tables, empty.
func New() Tables {
	return Tables{
		Flavors: newFlavors(), Access: newFlavorAccess(), Keypairs: newKeypairs(), Quotas: newQuotas(),
		Hosts: newHosts(), Servers: newServers(), Actions: newActions(), Remains: newRemains(), Grants: newGrants(), Migrations: newMigrations(),
		Aggregates: newAggregates(), ServerGroups: newServerGroups(), Ended: newEndedServers(),
	}
}

// Apply folds one event into every table that it concerns.
func (t *Tables) Apply(e events.Event, m events.Meta) {
	t.Flavors.Apply(e, m)
	t.Access.Apply(e, m)
	t.Keypairs.Apply(e, m)
	t.Quotas.Apply(e, m)
	t.Hosts.Apply(e, m)
	t.Grants.Apply(e, m)
	t.Aggregates.Apply(e, m, &t.Hosts)
	t.ServerGroups.Apply(e, m)
	t.Remains.Apply(e, &t.Servers) // these need the server as it was before
	t.Migrations.Apply(e, m, &t.Servers)
	t.Actions.Apply(e, m, &t.Servers)
	t.Ended.Apply(e, m, &t.Servers)
	id := claimant(e)
	before, _ := t.Servers.Get(id)
	t.Servers.Apply(e, m)
	now, _ := t.Servers.Get(id)
	t.Hosts.reclaim(before.Claims(), now.Claims())
}

// shared returns the one copy of a string that many rows hold.
func shared(s string) string { return unique.Make(s).Value() }

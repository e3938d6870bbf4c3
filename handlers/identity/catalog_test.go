package identity

import (
	"testing"

	"skylog/commands"
	cmd "skylog/commands/identity"
	evt "skylog/events/identity"
	"skylog/handlers/given"
	view "skylog/projections/identity"
)

func TestLimits(t *testing.T) {
	cores := evt.RegisteredLimitCreated{ID: "r", ServiceID: "nova", RegionID: "here", ResourceName: "cores", Default: 10}
	own := evt.LimitCreated{ID: "l", ProjectID: "web", ServiceID: "nova", RegionID: "here", ResourceName: "cores", Limit: 20}
	of := own
	of.ProjectID, of.DomainID = "", "acme"
	asProject := cmd.CreateLimit(of)
	asProject.ProjectID, asProject.DomainID = "acme", ""
	ask, both, far := cmd.CreateLimit(own), cmd.CreateLimit(own), cmd.CreateRegisteredLimit(cores)
	both.DomainID, far.RegionID = "acme", "far"
	again := cmd.CreateRegisteredLimit(cores)
	again.ID = "s"
	all := given.Events{acme, web, nova, here}
	given.Run(t, Register, []given.Case{
		{Name: "one is registered", Given: all, When: cmd.CreateRegisteredLimit(cores), Then: given.Events{cores}},
		{Name: "once", Given: and(all, given.Events{cores}), When: again, Refused: commands.Conflict},
		{Name: "not in a region that isn't there", Given: all, When: far, Refused: commands.Invalid},
		{Name: "a project has its own", Given: and(all, given.Events{cores}), When: ask, Then: given.Events{own}},
		{Name: "one of each", Given: and(all, given.Events{cores, evt.LimitCreated{ID: "m", ProjectID: "web", ServiceID: "nova", RegionID: "here", ResourceName: "cores"}}), When: ask, Refused: commands.Conflict},
		{Name: "not on what isn't registered", Given: all, When: ask, Refused: commands.Forbidden},
		{Name: "a project's or a domain's", Given: and(all, given.Events{cores}), When: both, Refused: commands.Invalid},
		{Name: "a domain is its own project", Given: and(all, given.Events{cores}), When: asProject, Then: given.Events{of}},
		{Name: "how much is changed", Given: and(all, given.Events{cores, own}), When: cmd.ChangeLimit{ID: "l", Limit: p(5)}, Then: given.Events{evt.LimitRevised{ID: "l", Limit: 5}}},
		{Name: "the default is changed", Given: and(all, given.Events{cores, own}), When: cmd.ChangeRegisteredLimit{ID: "r", Default: p(5)},
			Then: given.Events{evt.RegisteredLimitRevised{ID: "r", ServiceID: "nova", RegionID: "here", ResourceName: "cores", Default: 5}}},
		{Name: "not on what, while others hang on it", Given: and(all, given.Events{cores, own}), When: cmd.ChangeRegisteredLimit{ID: "r", ResourceName: p("ram")}, Refused: commands.Forbidden},
		{Name: "nor is it deleted then", Given: and(all, given.Events{cores, own}), When: cmd.DeleteRegisteredLimit{ID: "r"}, Refused: commands.Forbidden},
		{Name: "but behind them", Given: and(all, given.Events{cores, own, evt.LimitDeleted{ID: "l"}}), When: cmd.DeleteRegisteredLimit{ID: "r"}, Then: given.Events{evt.RegisteredLimitDeleted{ID: "r"}}},
		{Name: "one goes with its project", Given: and(all, given.Events{cores, own, evt.ProjectDeleted{ID: "web"}}), When: cmd.DeleteLimit{ID: "l"}, Refused: commands.NotFound},
		{Name: "both go with the service", Given: and(all, given.Events{cores, own, evt.ServiceDeleted{ID: "nova"}}), When: cmd.DeleteLimit{ID: "l"}, Refused: commands.NotFound},
		{Name: "a region with limits stays", Given: and(all, given.Events{cores}), When: cmd.DeleteRegion{ID: "here"}, Refused: commands.Forbidden},
	})
}

func TestEndpointGroups(t *testing.T) {
	group := evt.EndpointGroupCreated{ID: "g", Name: "novas", ServiceID: "nova"}
	all := given.Events{acme, web, nova, here, address}
	in := evt.EndpointAssociated{ProjectID: "web", Kind: view.AnEndpoint, ID: "e"}
	grouped := evt.EndpointAssociated{ProjectID: "web", Kind: view.AnEndpointGroup, ID: "g"}
	given.Run(t, Register, []given.Case{
		{Name: "one is made", When: cmd.CreateEndpointGroup(group), Then: given.Events{group}},
		{Name: "a taken name is refused", Given: given.Events{group}, When: cmd.CreateEndpointGroup{ID: "h", Name: "novas", Interface: "public"}, Refused: commands.Conflict},
		{Name: "without filters it is none", When: cmd.CreateEndpointGroup{ID: "h", Name: "h"}, Refused: commands.Invalid},
		{Name: "it is revised", Given: given.Events{group}, When: cmd.ChangeEndpointGroup{ID: "g", Description: p("x")}, Then: given.Events{evt.EndpointGroupRevised{ID: "g", Name: "novas", Description: "x", ServiceID: "nova"}}},
		{Name: "an endpoint is associated", Given: all, When: cmd.AssociateEndpoint(in), Then: given.Events{in}},
		{Name: "once is enough", Given: and(all, given.Events{in}), When: cmd.AssociateEndpoint(in)},
		{Name: "a group is", Given: and(all, given.Events{group}), When: cmd.AssociateEndpoint(grouped), Then: given.Events{grouped}},
		{Name: "not one that isn't there", Given: all, When: cmd.AssociateEndpoint(grouped), Refused: commands.NotFound},
		{Name: "it is taken out", Given: and(all, given.Events{in}), When: cmd.DissociateEndpoint(in), Then: given.Events{evt.EndpointDissociated(in)}},
		{Name: "what isn't in it can't be", Given: all, When: cmd.DissociateEndpoint(in), Refused: commands.NotFound},
		{Name: "it goes with the endpoint", Given: and(all, given.Events{in, evt.EndpointDeleted{ID: "e"}}), When: cmd.DissociateEndpoint(in), Refused: commands.NotFound},
		{Name: "a service goes with its endpoints, each by itself", Given: all, When: cmd.DeleteService{ID: "nova"}, Then: given.Events{evt.EndpointDeleted{ID: "e"}, evt.ServiceDeleted{ID: "nova"}}},
	})
}

func TestPolicies(t *testing.T) {
	doc := evt.PolicyCreated{ID: "p", Type: "application/json", Blob: "{}"}
	all := given.Events{nova, here, address, doc}
	place := evt.PolicyPlace{ServiceID: "nova", RegionID: "here"}
	is := evt.PolicyAssociated{PolicyPlace: place, PolicyID: "p"}
	ask := cmd.AssociatePolicy{PolicyPlace: cmd.PolicyPlace(place), PolicyID: "p"}
	given.Run(t, Register, []given.Case{
		{Name: "one is kept", When: cmd.CreatePolicy(doc), Then: given.Events{doc}},
		{Name: "it is revised", Given: given.Events{doc}, When: cmd.ChangePolicy{ID: "p", Blob: p("x")}, Then: given.Events{evt.PolicyRevised{ID: "p", Type: "application/json", Blob: "x"}}},
		{Name: "it is a place's", Given: all, When: ask, Then: given.Events{is}},
		{Name: "once is enough", Given: and(all, given.Events{is}), When: ask},
		{Name: "a region alone is no place", Given: all, When: cmd.AssociatePolicy{PolicyPlace: cmd.PolicyPlace{RegionID: "here"}, PolicyID: "p"}, Refused: commands.Invalid},
		{Name: "it is taken away", Given: and(all, given.Events{is}), When: cmd.DissociatePolicy(ask), Then: given.Events{evt.PolicyDissociated{PolicyPlace: place}}},
		{Name: "what another has isn't", Given: and(all, given.Events{is}), When: cmd.DissociatePolicy{PolicyPlace: cmd.PolicyPlace(place), PolicyID: "q"}, Refused: commands.NotFound},
		{Name: "it goes with its document", Given: and(all, given.Events{is, evt.PolicyDeleted{ID: "p"}}), When: cmd.DissociatePolicy(ask), Refused: commands.NotFound},
	})
}

// Package network is what has happened in the network service. Changes carry
// the whole of what its owner may set about a thing, so that an event can be
// read without those before it.
package network

import "skylog/events"

// Catalog lists the event types of the service.
func Catalog() []events.Type {
	return []events.Type{
		events.Of[NetworkCreated](),
		events.Of[NetworkReconfigured](),
		events.Of[NetworkDeleted](),
		events.Of[SubnetCreated](),
		events.Of[SubnetReconfigured](),
		events.Of[SubnetDeleted](),
		events.Of[PortCreated](),
		events.Of[PortReconfigured](),
		events.Of[PortBound](),
		events.Of[PortUnbound](),
		events.Of[PortWentUp](),
		events.Of[PortWentDown](),
		events.Of[PortDeleted](),
		events.Of[SecurityGroupCreated](),
		events.Of[SecurityGroupRenamed](),
		events.Of[SecurityGroupDeleted](),
		events.Of[SecurityGroupRuleAdded](),
		events.Of[SecurityGroupRuleRemoved](),
		events.Of[TagsReplaced](),
		events.Of[QuotaSet](),
		events.Of[QuotaReset](),
	}
}

package placement

import (
	"skylog/commands"
	cmd "skylog/commands/placement"
	"skylog/events"
	evt "skylog/events/placement"
	"skylog/projections"
)

// SetAggregates says of which aggregates a provider is a member.
func SetAggregates(w *projections.World, c cmd.SetAggregates) ([]events.Event, error) {
	p, err := provider(w, c.ProviderID)
	if err != nil {
		return nil, err
	}
	if err := fresh(&p, c.Generation); err != nil {
		return nil, err
	}
	if len(c.Aggregates) > maxMember {
		return nil, commands.Refuse(commands.OverLimit, "A resource provider may be in %d aggregates at most.", maxMember)
	}
	return events.List(evt.AggregatesSet{ProviderID: p.ID, Aggregates: distinct(c.Aggregates), Uncounted: c.Generation == nil}), nil
}

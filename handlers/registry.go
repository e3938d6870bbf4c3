package handlers

import (
	"fmt"
	"strings"

	"github.com/goccy/go-json"

	"skylog/commands"
	"skylog/events"
	"skylog/projections"
)

// Registry knows the one function that decides each type of command.
type Registry struct{ deciders map[string]decider }

type decider func(w *projections.World, data []byte, origin string) ([]events.Event, error)

// Service registers the deciders of one service.
type Service func(*Registry)

// NewRegistry makes a registry of services.
func NewRegistry(services ...Service) *Registry {
	r := &Registry{deciders: map[string]decider{}}
	for _, register := range services {
		register(r)
	}
	return r
}

// On registers the one function that decides commands of type C.
func On[C commands.Command](r *Registry, decide func(*projections.World, C) ([]events.Event, error)) {
	var zero C
	name := zero.CommandType()
	if _, taken := r.deciders[name]; taken {
		panic("two deciders for " + name)
	}
	r.deciders[name] = func(w *projections.World, data []byte, origin string) ([]events.Event, error) {
		var c C
		if err := json.Unmarshal(data, &c); err != nil {
			return nil, fmt.Errorf("decode %s: %w", name, err)
		}
		if host, ok := strings.CutPrefix(origin, "host."); ok {
			if r, ok := any(c).(commands.Report); !ok || r.ReportedBy() != host {
				return nil, commands.Refuse(commands.Forbidden, "host %s may not send %s", host, name)
			}
		}
		return decide(w, c)
	}
}

// Knows says whether commands of this name can be decided.
func (r *Registry) Knows(name string) bool {
	_, ok := r.deciders[name]
	return ok
}

// Decide asks the function for this command. A command that nobody decides is broken.
// Origin is where it came from, as the CMD subject tells.
func (r *Registry) Decide(w *projections.World, c commands.Record, origin string) ([]events.Event, error) {
	decide, ok := r.deciders[c.Type]
	if !ok {
		return nil, fmt.Errorf("no decider for command type %q", c.Type)
	}
	return decide(w, c.Data, origin)
}

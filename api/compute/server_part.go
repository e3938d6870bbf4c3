package compute

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	view "skylog/projections/compute"
)

// What belongs to a server and is only shown: addresses, interfaces, security
// groups and the story of what was done to it.
func (s *Service) mountServerParts(a huma.API) {
	const path, rule = "/servers/{id}", "os_compute_api:"
	api.Handle(a, "GET "+path+"/ips", rule+"ips:index", http.StatusOK, s.listAddresses)
	api.Handle(a, "GET "+path+"/ips/{network}", rule+"ips:show", http.StatusOK, s.showAddresses)
	api.Handle(a, "GET "+path+"/os-interface", rule+"os-attach-interfaces:list", http.StatusOK, s.listInterfaces)
	api.Handle(a, "GET "+path+"/os-interface/{port}", rule+"os-attach-interfaces:show", http.StatusOK, s.showInterface)
	api.Handle(a, "POST "+path+"/os-interface", rule+"os-attach-interfaces:create", http.StatusOK, s.attachInterface)
	api.Handle(a, "DELETE "+path+"/os-interface/{port}", rule+"os-attach-interfaces:delete", http.StatusAccepted, s.detachInterface)
	api.Handle(a, "GET "+path+"/os-security-groups", rule+"os-security-groups:list", http.StatusOK, s.listServerGroups)
	api.Handle(a, "GET "+path+"/os-instance-actions", rule+"os-instance-actions:list", http.StatusOK, s.listActions)
	api.Handle(a, "GET "+path+"/os-instance-actions/{request}", rule+"os-instance-actions:show", http.StatusOK, s.showAction)
}

type shortAddress struct {
	Version int    `json:"version"`
	Addr    string `json:"addr"`
}

type addressesOut struct {
	Body struct {
		Addresses map[string][]shortAddress `json:"addresses"`
	}
}

func shortAddresses(ctx context.Context, s view.Server) map[string][]shortAddress {
	out := map[string][]shortAddress{}
	for network, all := range newViewer(ctx, api.World(ctx)).addresses(&s) {
		for _, a := range all {
			out[network] = append(out[network], shortAddress{a.Version, a.Addr})
		}
	}
	return out
}

func (s *Service) listAddresses(ctx context.Context, in *serverID) (*addressesOut, error) {
	one, err := seenServer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &addressesOut{}
	out.Body.Addresses = shortAddresses(ctx, one)
	return out, nil
}

type serverNetwork struct {
	ID      string `path:"id" maxLength:"255"`
	Network string `path:"network" maxLength:"255"`
}

type networkAddressesOut struct{ Body map[string][]shortAddress }

func (s *Service) showAddresses(ctx context.Context, in *serverNetwork) (*networkAddressesOut, error) {
	one, err := seenServer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	found, ok := shortAddresses(ctx, one)[in.Network]
	if !ok {
		return nil, commands.Refuse(commands.NotFound, "Network name not found")
	}
	return &networkAddressesOut{map[string][]shortAddress{in.Network: found}}, nil
}

// listServerGroups shows the security groups of a server.
func (s *Service) listServerGroups(ctx context.Context, in *serverID) (*securityGroupsOut, error) {
	one, err := seenServer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	w, out := api.World(ctx), &securityGroupsOut{}
	for _, g := range groupsOf(w, one) {
		out.Body.Groups = append(out.Body.Groups, showSecurityGroup(w, g))
	}
	return out, nil
}

type instanceAction struct {
	Action     string         `json:"action"`
	InstanceID string         `json:"instance_uuid"`
	Message    *string        `json:"message"`
	ProjectID  string         `json:"project_id"`
	RequestID  string         `json:"request_id"`
	StartTime  time.Time      `json:"start_time" layout:"2006-01-02T15:04:05.000000"`
	UpdatedAt  time.Time      `json:"updated_at" layout:"2006-01-02T15:04:05.000000" since:"2.58"`
	UserID     string         `json:"user_id"`
	Events     *[]actionEvent `json:"events,omitempty"`
}

type actionEvent struct {
	Event      string    `json:"event"`
	StartTime  time.Time `json:"start_time" layout:"2006-01-02T15:04:05.000000"`
	FinishTime time.Time `json:"finish_time" layout:"2006-01-02T15:04:05.000000"`
	Result     *string   `json:"result"`
	HostID     string    `json:"hostId" since:"2.62"`
	Details    *string   `json:"details" since:"2.84"`
	*actionInside
}

// actionInside is what policy shows to administrators.
type actionInside struct {
	Traceback *string `json:"traceback"`
	Host      *string `json:"host" since:"2.62"`
}

type (
	listActionsIn struct {
		ID string `path:"id" maxLength:"255"`
		api.Paging
		Since  string `query:"changes-since" maxLength:"40" since:"2.58"`
		Before string `query:"changes-before" maxLength:"40" since:"2.66"`
	}
	actionsOut struct {
		Body struct {
			Actions []instanceAction `json:"instanceActions"`
			Links   []api.Link       `json:"links,omitempty" since:"2.58"`
		}
	}
	actionID struct {
		ID      string `path:"id" maxLength:"255"`
		Request string `path:"request" maxLength:"255"`
	}
	actionOut struct {
		Body struct {
			Action instanceAction `json:"instanceAction"`
		}
	}
)

func showAction(a view.Action) instanceAction {
	return instanceAction{Action: a.Name, InstanceID: a.ServerID, Message: text(a.Message), ProjectID: a.ProjectID,
		RequestID: a.RequestID, StartTime: a.StartedAt, UpdatedAt: a.UpdatedAt, UserID: a.UserID}
}

func (s *Service) listActions(ctx context.Context, in *listActionsIn) (*actionsOut, error) {
	if _, err := seenServer(ctx, in.ID); err != nil {
		return nil, err
	}
	size, err := in.Size(ctx)
	if err != nil {
		return nil, err
	}
	if api.From(ctx).Version.Before(2, 58) {
		size, in.Marker = api.MaxPage, ""
	}
	changed, err := changedBetween(in.Since, in.Before)
	if err != nil {
		return nil, err
	}
	actions := &api.World(ctx).Compute.Actions
	if in.Marker != "" {
		if _, ok := actions.WithRequest(in.ID, in.Marker); !ok {
			return nil, api.BadMarker(in.Marker)
		}
	}
	out, behind := &actionsOut{}, in.Marker == ""
	for a := range actions.OfServer(in.ID) {
		if behind && len(out.Body.Actions) == size {
			if size > 0 {
				out.Body.Links = api.Next(ctx, true, out.Body.Actions[size-1].RequestID)
			}
			break
		}
		if behind && changed(a.UpdatedAt) {
			out.Body.Actions = append(out.Body.Actions, showAction(a))
		}
		behind = behind || a.RequestID == in.Marker
	}
	return out, nil
}

func (s *Service) showAction(ctx context.Context, in *actionID) (*actionOut, error) {
	one, err := seenServer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	a, ok := api.World(ctx).Compute.Actions.WithRequest(in.ID, in.Request)
	if !ok {
		return nil, commands.Refuse(commands.NotFound, "Action %s could not be found for server %s", in.Request, in.ID)
	}
	out := &actionOut{}
	out.Body.Action = showAction(a)
	inside := api.Can(ctx, "os_compute_api:os-instance-actions:events", api.Target{})
	if !inside && api.From(ctx).Version.Before(2, 51) {
		return out, nil
	}
	events := make([]actionEvent, 0, len(a.Events))
	for _, e := range a.Events {
		one.Host = e.Host
		shown := actionEvent{Event: e.Name, StartTime: e.StartedAt, FinishTime: e.EndedAt, Result: text(e.Result), HostID: hostID(&one), Details: text(e.Details)}
		if inside {
			shown.actionInside = &actionInside{Host: text(e.Host)}
		}
		events = append(events, shown)
	}
	out.Body.Action.Events = &events
	return out, nil
}

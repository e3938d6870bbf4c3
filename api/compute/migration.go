package compute

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	view "skylog/projections/compute"
)

func (s *Service) mountMigrations(a huma.API) {
	api.Handle(a, "GET /os-migrations", "os_compute_api:os-migrations:index", http.StatusOK, s.listMigrations)
}

type migration struct {
	ID          uint64     `json:"id"`
	UUID        string     `json:"uuid" since:"2.59"`
	ServerID    string     `json:"instance_uuid"`
	Type        string     `json:"migration_type" since:"2.23"`
	Status      string     `json:"status"`
	From        string     `json:"source_compute"`
	FromNode    string     `json:"source_node"`
	To          *string    `json:"dest_compute"`
	ToNode      *string    `json:"dest_node"`
	ToAddress   *string    `json:"dest_host"`
	OldFlavorID *int       `json:"old_instance_type_id"`
	NewFlavorID *int       `json:"new_instance_type_id"`
	ProjectID   string     `json:"project_id" since:"2.80"`
	UserID      string     `json:"user_id" since:"2.80"`
	CreatedAt   time.Time  `json:"created_at" layout:"2006-01-02T15:04:05.000000"`
	UpdatedAt   time.Time  `json:"updated_at" layout:"2006-01-02T15:04:05.000000"`
	Links       []api.Link `json:"links,omitempty" since:"2.23"` // of live ones under way
}

type (
	listMigrationsIn struct {
		api.Paging
		Host     string `query:"host" maxLength:"255"`
		Status   string `query:"status" maxLength:"255"`
		Source   string `query:"source_compute" maxLength:"255"`
		ServerID string `query:"instance_uuid" maxLength:"36"`
		Type     string `query:"migration_type" maxLength:"64"`
		Since    string `query:"changes-since" maxLength:"40" since:"2.59"`
		Before   string `query:"changes-before" maxLength:"40" since:"2.66"`
		Project  string `query:"project_id" maxLength:"64" since:"2.80"`
		User     string `query:"user_id" maxLength:"64" since:"2.80"`
	}
	migrationsOut struct {
		Body struct {
			Migrations []migration `json:"migrations"`
			Links      []api.Link  `json:"migrations_links,omitempty" since:"2.59"`
		}
	}
)

// number is a flavor's id where that is one: Nova shows its own numbers here.
func number(id string) *int {
	if n, err := strconv.Atoi(id); err == nil {
		return &n
	}
	return nil
}

func showMigration(ctx context.Context, m view.Migration) migration {
	out := migration{ID: m.Number, UUID: m.ID, ServerID: m.ServerID, Type: m.Type, Status: m.Status, From: m.From, FromNode: m.From,
		To: text(m.To), ToNode: text(m.To), OldFlavorID: number(m.OldFlavorID), NewFlavorID: number(m.NewFlavorID),
		ProjectID: m.ProjectID, UserID: m.UserID, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt}
	if m.Live() {
		out.Links = link(ctx, "servers/"+m.ServerID+"/migrations", strconv.FormatUint(m.Number, 10))
	}
	return out
}

// listMigrations shows migrations, the newest first. Those of one server go by an
// index; other filters look at so many.
func (s *Service) listMigrations(ctx context.Context, in *listMigrationsIn) (*migrationsOut, error) {
	size, err := in.Size(ctx)
	if err != nil {
		return nil, err
	}
	if api.From(ctx).Version.Before(2, 59) {
		size, in.Marker = api.MaxPage, ""
	}
	passes, err := in.filter(ctx)
	if err != nil {
		return nil, err
	}
	all, before := &api.World(ctx).Compute.Migrations, uint64(1<<64-1)
	if in.Marker != "" {
		m, ok := all.WithID(in.Marker)
		if !ok {
			return nil, api.BadMarker(in.Marker)
		}
		before = m.Number
	}
	out, looked := &migrationsOut{}, 0
	for number, m := range all.Newest(before) {
		if looked++; looked > maxLooked {
			return nil, commands.Refuse(commands.Invalid, "These filters would look at more than %d migrations; name a server.", maxLooked)
		}
		if number == before || !passes(&m) {
			continue
		}
		if len(out.Body.Migrations) == size {
			if size > 0 {
				out.Body.Links = api.Next(ctx, true, out.Body.Migrations[size-1].UUID)
			}
			break
		}
		out.Body.Migrations = append(out.Body.Migrations, showMigration(ctx, m))
	}
	return out, nil
}

func (in *listMigrationsIn) filter(ctx context.Context) (func(*view.Migration) bool, error) {
	changed, err := changedBetween(in.Since, in.Before)
	if err != nil {
		return nil, err
	}
	fits := func(want, is string) bool { return want == "" || want == is }
	return func(m *view.Migration) bool {
		return (in.Host == "" || in.Host == m.From || in.Host == m.To) && fits(in.Status, m.Status) && fits(in.Source, m.From) &&
			fits(in.ServerID, m.ServerID) && fits(in.Type, m.Type) && fits(in.Project, m.ProjectID) && fits(in.User, m.UserID) && changed(m.UpdatedAt)
	}, nil
}

// changedBetween reads changes-since and changes-before, and says of a time
// whether it is neither before the one nor after the other.
func changedBetween(since, before string) (func(time.Time) bool, error) {
	var from, to time.Time
	for at, text := range map[*time.Time]string{&from: since, &to: before} {
		if text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, commands.Refuse(commands.Invalid, "Invalid input for a time of change. Value: %.40s. It is not a 'date-time'.", text)
		}
		*at = t
	}
	return func(t time.Time) bool { return !t.Before(from) && (to.IsZero() || !t.After(to)) }, nil
}

type evacuate struct {
	Host      *string   `json:"host,omitempty" minLength:"1" maxLength:"255"`
	AdminPass string    `json:"adminPass,omitempty" maxLength:"255"`
	Shared    *api.Bool `json:"onSharedStorage,omitempty" until:"2.13"`
	Force     *api.Bool `json:"force,omitempty" since:"2.29" until:"2.67"`
}

func (s *Service) evacuateServer(ctx context.Context, id string, in *evacuate) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	old := api.From(ctx).Version.Before(2, 14)
	switch {
	case old && in.Shared == nil:
		return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute evacuate. 'onSharedStorage' is a required property")
	case in.Shared != nil && bool(*in.Shared):
		return nil, commands.Refuse(commands.Invalid, "Disks are not on shared storage; servers are made anew from their images.")
	case in.Force != nil && bool(*in.Force):
		return nil, commands.Refuse(commands.Invalid, "The scheduler can't be passed over.")
	}
	c := cmd.EvacuateServer{ID: id, Migration: api.NewID(ctx), At: time.Now().UTC(), By: by(ctx)}
	if in.Host != nil {
		if c.Host = *in.Host; !api.World(ctx).Compute.Hosts.Has(c.Host) {
			return nil, commands.Refuse(commands.NotFound, "Compute host %s not found.", c.Host)
		}
	}
	password := in.AdminPass
	if old {
		password = s.passwordOr(ctx, password)
	}
	if c.Password, err = s.firstPassword(ctx, one.ProjectID, one.ConfigDrive && password != "", password); err != nil {
		return nil, err
	}
	if _, err := s.Do(ctx, c); err != nil {
		return nil, err
	}
	if !old {
		return &api.Respond{Status: http.StatusOK}, nil
	}
	return &api.Respond{Status: http.StatusOK, Body: map[string]string{"adminPass": password}}, nil
}

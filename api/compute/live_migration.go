package compute

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	view "skylog/projections/compute"
)

// mountLiveMigrations mounts what is done to migrations of a server that are under
// way while it runs. Others are in the list of all migrations only, as with Nova.
func (s *Service) mountLiveMigrations(a huma.API) {
	const path, rule = "/servers/{id}/migrations", "os_compute_api:servers:migrations:"
	api.Handle(a, "GET "+path, rule+"index", http.StatusOK, s.listServerMigrations, api.Between("2.23", ""))
	api.Handle(a, "GET "+path+"/{migration}", rule+"show", http.StatusOK, s.showServerMigration, api.Between("2.23", ""))
	api.Handle(a, "DELETE "+path+"/{migration}", rule+"delete", http.StatusAccepted, s.abortMigration, api.Between("2.24", ""))
	api.Handle(a, "POST "+path+"/{migration}/action", rule+"force_complete", http.StatusAccepted, s.forceMigration, api.Between("2.22", ""))
}

// blockMigration says whether a server's disk goes with it: a truth value, or
// "auto" for whatever is needed.
type blockMigration string

// Schema is how huma asks what may be sent.
func (blockMigration) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{{Type: huma.TypeBoolean},
		{Type: huma.TypeString, Pattern: `^(auto|(?i:1|0|t|f|true|false|on|off|y|n|yes|no))$`}}}
}

// UnmarshalJSON reads a truth value or a text.
func (b *blockMigration) UnmarshalJSON(data []byte) error {
	*b = blockMigration(strings.Trim(string(data), `"`))
	return nil
}

type migrateLive struct {
	Host       *string        `json:"host" minLength:"1" maxLength:"255" pattern:"^[a-zA-Z0-9._-]*$" nullable:"true"`
	Block      blockMigration `json:"block_migration"`
	OverCommit *api.Bool      `json:"disk_over_commit,omitempty" until:"2.24"`
	Force      *api.Bool      `json:"force,omitempty" since:"2.30" until:"2.67"`
}

func (s *Service) migrateServerLive(ctx context.Context, id string, in *migrateLive) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	target := api.Target{ProjectID: one.ProjectID}
	if err := api.Allow(ctx, target); err != nil {
		return nil, err
	}
	if err := in.check(ctx, &one); err != nil {
		return nil, err
	}
	c := cmd.LiveMigrateServer{ID: id, Migration: api.NewID(ctx), At: time.Now().UTC(), By: by(ctx)}
	if in.Host != nil {
		if err := api.AllowRule(ctx, "os_compute_api:os-migrate-server:migrate_live:host", target); err != nil {
			return nil, err
		}
		if c.Host = *in.Host; !api.World(ctx).Compute.Hosts.Has(c.Host) {
			return nil, commands.Refuse(commands.Invalid, "Compute host %s could not be found.", c.Host)
		}
	}
	_, err = s.Do(ctx, c)
	return &api.Respond{}, err
}

// check refuses what can't be: disks are the hosts' own and go with their servers,
// and no host takes more than it has, whatever is said of that.
func (in *migrateLive) check(ctx context.Context, one *view.Server) error {
	old := api.From(ctx).Version.Before(2, 25)
	block, plain := api.ParseBool(string(in.Block))
	force := in.Force != nil && bool(*in.Force)
	switch {
	case old && in.OverCommit == nil:
		return commands.Refuse(commands.Invalid, "Invalid input for field/attribute os-migrateLive. 'disk_over_commit' is a required property")
	case old && !plain:
		return commands.Refuse(commands.Invalid, "Invalid input for field/attribute block_migration. Value: %s. It is not a truth value", in.Block)
	case plain && !block:
		return commands.Refuse(commands.Invalid, "%s is not on shared storage: Shared storage live-migration requires either shared storage or boot-from-volume with no local disks.", one.Host)
	case force && in.Host == nil:
		return commands.Refuse(commands.Invalid, "Can't force to a non-provided destination")
	case force:
		return commands.Refuse(commands.Invalid, "The scheduler can't be passed over.")
	}
	return nil
}

type serverMigration struct {
	ID        uint64    `json:"id"`
	UUID      string    `json:"uuid" since:"2.59"`
	ServerID  string    `json:"server_uuid"`
	Status    string    `json:"status"`
	From      *string   `json:"source_compute"`
	FromNode  *string   `json:"source_node"`
	To        *string   `json:"dest_compute"`
	ToNode    *string   `json:"dest_node"`
	ToAddress *string   `json:"dest_host"`
	MemTotal  *uint64   `json:"memory_total_bytes"`
	MemSent   *uint64   `json:"memory_processed_bytes"`
	MemLeft   *uint64   `json:"memory_remaining_bytes"`
	DiskTotal *uint64   `json:"disk_total_bytes"`
	DiskSent  *uint64   `json:"disk_processed_bytes"`
	DiskLeft  *uint64   `json:"disk_remaining_bytes"`
	ProjectID string    `json:"project_id" since:"2.80"`
	UserID    string    `json:"user_id" since:"2.80"`
	CreatedAt time.Time `json:"created_at" layout:"2006-01-02T15:04:05.000000"`
	UpdatedAt time.Time `json:"updated_at" layout:"2006-01-02T15:04:05.000000"`
}

type (
	serverMigrationsOut struct {
		Body struct {
			Migrations []serverMigration `json:"migrations"`
		}
	}
	serverMigrationOut struct {
		Body struct {
			Migration serverMigration `json:"migration"`
		}
	}
	serverMigrationID struct {
		ID        string `path:"id" maxLength:"255"`
		Migration string `path:"migration" maxLength:"255"`
	}
	forceMigrationIn struct {
		ID        string `path:"id" maxLength:"255"`
		Migration string `path:"migration" maxLength:"255"`
		Body      struct {
			Force json.RawMessage `json:"force_complete" nullable:"true"`
		}
	}
)

// showOneMigration shows hosts to those who may know them. How much was sent is
// null until its host has told, as with Nova.
func showOneMigration(m *view.Migration, hosts bool) serverMigration {
	out := serverMigration{ID: m.Number, UUID: m.ID, ServerID: m.ServerID, Status: m.Status,
		ProjectID: m.ProjectID, UserID: m.UserID, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt}
	if hosts {
		out.From, out.FromNode, out.To, out.ToNode = &m.From, &m.From, &m.To, &m.To
	}
	if t := &m.Transfer; m.Status != view.Preparing {
		out.MemTotal, out.MemSent, out.MemLeft = &t.MemoryTotal, &t.MemorySent, &t.MemoryLeft
		out.DiskTotal, out.DiskSent, out.DiskLeft = &t.DiskTotal, &t.DiskSent, &t.DiskLeft
	}
	return out
}

func (s *Service) listServerMigrations(ctx context.Context, in *serverID) (*serverMigrationsOut, error) {
	one, err := seenServer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	target := api.Target{ProjectID: one.ProjectID}
	if err := api.Allow(ctx, target); err != nil {
		return nil, err
	}
	out := &serverMigrationsOut{}
	out.Body.Migrations = []serverMigration{}
	hosts := api.Can(ctx, "os_compute_api:servers:migrations:index:host", target)
	for _, m := range api.World(ctx).Compute.Migrations.OfServer(in.ID) {
		if m.Live() {
			out.Body.Migrations = append(out.Body.Migrations, showOneMigration(&m, hosts))
		}
	}
	return out, nil
}

func (s *Service) showServerMigration(ctx context.Context, in *serverMigrationID) (*serverMigrationOut, error) {
	if _, err := seenServer(ctx, in.ID); err != nil {
		return nil, err
	}
	m, ok := api.World(ctx).Compute.Migrations.Get(numbered(in.Migration))
	switch {
	case !ok || m.ServerID != in.ID:
		return nil, commands.Refuse(commands.NotFound, "In-progress live migration %s is not found for server %s.", in.Migration, in.ID)
	case m.Type != view.LiveMigration:
		return nil, commands.Refuse(commands.NotFound, "Migration %s for server %s is not live-migration.", in.Migration, in.ID)
	case !m.Live():
		return nil, commands.Refuse(commands.NotFound, "Live migration %s for server %s is not in progress.", in.Migration, in.ID)
	}
	out := &serverMigrationOut{}
	out.Body.Migration = showOneMigration(&m, true)
	return out, nil
}

// numbered is the number of a migration; 0, which none has, for what is no number.
func numbered(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (s *Service) abortMigration(ctx context.Context, in *serverMigrationID) (*api.Empty, error) {
	c := cmd.AbortLiveMigration{ID: in.ID, Number: numbered(in.Migration), Early: !api.From(ctx).Version.Before(2, 65), At: time.Now().UTC(), By: by(ctx)}
	return s.steer(ctx, in.ID, c)
}

func (s *Service) forceMigration(ctx context.Context, in *forceMigrationIn) (*api.Empty, error) {
	if text := string(in.Body.Force); text != "" && text != "null" {
		return nil, commands.Refuse(commands.Invalid, "Invalid input for field/attribute force_complete. Value: %.100s. It is not of type 'null'", text)
	}
	return s.steer(ctx, in.ID, cmd.ForceLiveMigration{ID: in.ID, Number: numbered(in.Migration), By: by(ctx)})
}

// steer asks for something to be done to a migration of a server.
func (s *Service) steer(ctx context.Context, id string, c commands.Command) (*api.Empty, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := api.Allow(ctx, api.Target{ProjectID: one.ProjectID}); err != nil {
		return nil, err
	}
	_, err = s.Do(ctx, c)
	return &api.Empty{}, err
}

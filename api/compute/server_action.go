package compute

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	view "skylog/projections/compute"
)

// none is the body of actions that take none: Nova takes whatever is sent.
type none struct{}

func (s *Service) mountServerActions(a huma.API) {
	on := api.NewActions(a, "/servers/{id}/action")
	simple := func(name, rule string, make func(id string, at time.Time, by cmd.By) commands.Command) {
		api.On(on, name, "os_compute_api:"+rule, func(ctx context.Context, id string, _ *none) (*api.Respond, error) {
			return s.act(ctx, id, make(id, time.Now().UTC(), by(ctx)))
		})
	}
	simple("os-start", "servers:start", func(id string, at time.Time, by cmd.By) commands.Command {
		return cmd.StartServer{ID: id, At: at, By: by}
	})
	simple("os-stop", "servers:stop", func(id string, at time.Time, by cmd.By) commands.Command {
		return cmd.StopServer{ID: id, At: at, By: by}
	})
	simple("pause", "os-pause-server:pause", func(id string, at time.Time, by cmd.By) commands.Command {
		return cmd.PauseServer{ID: id, At: at, By: by}
	})
	simple("unpause", "os-pause-server:unpause", func(id string, at time.Time, by cmd.By) commands.Command {
		return cmd.UnpauseServer{ID: id, At: at, By: by}
	})
	simple("suspend", "os-suspend-server:suspend", func(id string, at time.Time, by cmd.By) commands.Command {
		return cmd.SuspendServer{ID: id, At: at, By: by}
	})
	simple("resume", "os-suspend-server:resume", func(id string, at time.Time, by cmd.By) commands.Command {
		return cmd.ResumeServer{ID: id, At: at, By: by}
	})
	simple("forceDelete", "os-deferred-delete:force", func(id string, at time.Time, by cmd.By) commands.Command {
		return cmd.DeleteServer{ID: id, Force: true, At: at, By: by}
	})
	simple("restore", "os-deferred-delete:restore", func(id string, at time.Time, by cmd.By) commands.Command {
		return cmd.RestoreServer{ID: id, At: at, By: by}
	})
	simple("unlock", "os-lock-server:unlock", func(id string, _ time.Time, by cmd.By) commands.Command { return cmd.UnlockServer{ID: id, By: by} })
	simple("unrescue", "os-unrescue", func(id string, at time.Time, by cmd.By) commands.Command {
		return cmd.UnrescueServer{ID: id, At: at, By: by}
	})
	simple("revertResize", "servers:revert_resize", func(id string, at time.Time, by cmd.By) commands.Command {
		return cmd.RevertResize{ID: id, At: at, By: by}
	})
	simple("shelveOffload", "os-shelve:shelve_offload", func(id string, _ time.Time, by cmd.By) commands.Command {
		return cmd.OffloadServer{ID: id, By: by}
	})
	s.mountServerChanges(on)
	api.On(on, "lock", "os_compute_api:os-lock-server:lock", s.lockServer)
	api.On(on, "reboot", "os_compute_api:servers:reboot", s.rebootServer)
	api.On(on, "os-resetState", "os_compute_api:os-admin-actions:reset_state", s.resetServerState)
	s.mountConsoles(a, on)
	s.mountMigrations(a)
	s.mountLiveMigrations(a)
	api.On(on, "evacuate", "os_compute_api:os-evacuate", s.evacuateServer)
	if s.Console != nil {
		api.On(on, "os-getConsoleOutput", "os_compute_api:os-console-output", s.consoleOutput)
	}
}

// mountServerChanges mounts what makes another server of one.
func (s *Service) mountServerChanges(on *api.Actions) {
	api.On(on, "rebuild", "os_compute_api:servers:rebuild", s.rebuildServer)
	api.On(on, "rescue", "os_compute_api:os-rescue", s.rescueServer)
	api.On(on, "resize", "os_compute_api:servers:resize", s.resizeServer)
	api.On(on, "confirmResize", "os_compute_api:servers:confirm_resize", s.confirmResize)
	api.On(on, "migrate", "os_compute_api:os-migrate-server:migrate", s.migrateServer)
	api.On(on, "os-migrateLive", "os_compute_api:os-migrate-server:migrate_live", s.migrateServerLive)
	api.On(on, "createImage", "os_compute_api:servers:create_image", s.createImage)
	api.On(on, "createBackup", "os_compute_api:os-create-backup", s.createBackup)
	api.On(on, "shelve", "os_compute_api:os-shelve:shelve", s.shelveServer)
	api.On(on, "unshelve", "os_compute_api:os-shelve:unshelve", s.unshelveServer)
	old := api.Between("", "2.43")
	api.On(on, "addFloatingIp", "os_compute_api:os-floating-ips:add", s.addFloatingIP, old)
	api.On(on, "removeFloatingIp", "os_compute_api:os-floating-ips:remove", s.removeFloatingIP, old)
	api.On(on, "addFixedIp", "os_compute_api:os-multinic:add", s.addFixedIP, old)
	api.On(on, "removeFixedIp", "os_compute_api:os-multinic:remove", s.removeFixedIP, old)
	if s.Inside != nil {
		api.On(on, "changePassword", "os_compute_api:os-admin-password", s.changePassword)
	}
	api.On(on, "addSecurityGroup", "os_compute_api:os-security-groups:add", s.addSecurityGroup)
	api.On(on, "removeSecurityGroup", "os_compute_api:os-security-groups:remove", s.removeSecurityGroup)
}

// act asks for something to be done to a server that the caller may see.
func (s *Service) act(ctx context.Context, id string, c commands.Command) (*api.Respond, error) {
	if _, err := seenServer(ctx, id); err != nil {
		return nil, err
	}
	_, err := s.Do(ctx, c)
	return &api.Respond{}, err
}

type lock struct {
	Reason string `json:"locked_reason,omitempty" minLength:"1" maxLength:"255" since:"2.73"`
}

// TransformSchema lets a lock without anything be null, as most clients send it.
func (lock) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Nullable = true
	return s
}

func (s *Service) lockServer(ctx context.Context, id string, in *lock) (*api.Respond, error) {
	return s.act(ctx, id, cmd.LockServer{ID: id, Reason: in.Reason, By: by(ctx)})
}

type reboot struct {
	Type string `json:"type" pattern:"^(?i:hard|soft)$"`
}

func (s *Service) rebootServer(ctx context.Context, id string, in *reboot) (*api.Respond, error) {
	return s.act(ctx, id, cmd.RebootServer{ID: id, Hard: strings.EqualFold(in.Type, "hard"), At: time.Now().UTC(), By: by(ctx)})
}

type resetState struct {
	State string `json:"state" enum:"active,error"`
}

func (s *Service) resetServerState(ctx context.Context, id string, in *resetState) (*api.Respond, error) {
	return s.act(ctx, id, cmd.ResetServerState{ID: id, Error: in.State == "error"})
}

type consoleWanted struct {
	Length *api.Int `json:"length,omitempty"`
}

// maxConsole is how many lines of a console are shown at most.
const maxConsole = 100000

func (s *Service) consoleOutput(ctx context.Context, id string, in *consoleWanted) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	lines := maxConsole
	if in.Length != nil && *in.Length >= 0 {
		lines = min(int(*in.Length), maxConsole)
	}
	if one.Host == "" || one.VMState == view.Building {
		return nil, commands.Refuse(commands.Conflict, "Instance %s is not ready", id)
	}
	output, err := s.Console(ctx, one, lines)
	if err != nil {
		return nil, err
	}
	return &api.Respond{Status: http.StatusOK, Body: map[string]string{"output": output}}, nil
}

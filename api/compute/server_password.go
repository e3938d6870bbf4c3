package compute

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"skylog/api"
	cmd "skylog/commands/compute"
	imageview "skylog/projections/image"
)

type changePassword struct {
	Password string `json:"adminPass" maxLength:"255"`
}

// changePassword has the agent in the guest give its administrator another
// password. That goes straight to the host: what is stored is that it was changed.
func (s *Service) changePassword(ctx context.Context, id string, in *changePassword) (*api.Respond, error) {
	if _, err := seenServer(ctx, id); err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, cmd.ChangePassword{ID: id, At: time.Now().UTC(), By: by(ctx)})
	if err != nil {
		return nil, err
	}
	one, _ := w.Compute.Servers.Get(id)
	var failed error
	if !api.Rehearsing(ctx) {
		failed = s.setPassword(ctx, one.Host, id, cmp.Or(one.Image.Admin, "root"), in.Password)
	}
	ended := cmd.EndPasswordChange{ID: id}
	if failed != nil {
		ended.Failure = failed.Error()
	}
	if _, err := s.Do(context.WithoutCancel(ctx), ended); err != nil { // told or not, the caller's way is over
		return nil, err
	}
	return &api.Respond{}, failed
}

// setPassword asks the host. Its own errors are of no use to the caller, and may
// say more than the caller should know.
func (s *Service) setPassword(ctx context.Context, name, id, user, password string) error {
	ctx, cancel := context.WithTimeout(ctx, insideTime)
	defer cancel()
	host := s.Inside(name)
	if host == nil {
		return api.Fail(http.StatusConflict, "Failed to set admin password on %s because its host isn't reached", id)
	}
	err := host.SetPassword(ctx, id, user, password)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, cmd.ErrSilent):
		return api.Fail(http.StatusNotImplemented, "Unable to set password on instance")
	case errors.Is(err, cmd.ErrNotRunning):
		return api.Fail(http.StatusConflict, "Failed to set admin password on %s because instance %s is not running", id, id)
	}
	return api.Fail(http.StatusConflict, "Failed to set admin password on %s because error setting admin password", id)
}

// guestOf is what an image's properties say that its guests have.
func guestOf(i *imageview.Image) cmd.Guest {
	yes := func(name string) bool {
		switch strings.ToLower(strings.TrimSpace(i.Properties[name])) {
		case "1", "t", "true", "on", "y", "yes": // as oslo's strutils takes them
			return true
		}
		return false
	}
	admin := i.Properties["os_admin_user"]
	if admin == "" && i.Properties["os_type"] == "windows" {
		admin = "Administrator"
	}
	return cmd.Guest{Agent: yes("hw_qemu_guest_agent"), Quiesce: yes("os_require_quiesce"), Admin: admin}
}

// passwordOr is the password that was sent, or one of our making.
func (s *Service) passwordOr(ctx context.Context, sent string) string {
	if sent == "" {
		return s.Password(api.NewID(ctx))
	}
	return sent
}

// firstPassword seals the password that a new server's config drive tells its
// guest. Without one nobody could tell it, and it isn't kept.
func (s *Service) firstPassword(ctx context.Context, project string, drive bool, password string) ([]byte, error) {
	if !drive || s.Seal == nil {
		return nil, nil
	}
	return api.Seal(ctx, s.Seal, project, []byte(password))
}

package compute

import (
	"context"
	"time"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
)

type rebuildServer struct {
	ImageRef      string             `json:"imageRef" minLength:"1" maxLength:"255"`
	Name          *string            `json:"name,omitempty" minLength:"1" maxLength:"255"`
	AdminPass     string             `json:"adminPass,omitempty" maxLength:"255"`
	Metadata      *map[string]string `json:"metadata,omitempty"`
	DiskConfig    *string            `json:"OS-DCF:diskConfig,omitempty" enum:"AUTO,MANUAL"`
	AccessIPv4    *string            `json:"accessIPv4,omitempty" maxLength:"64"`
	AccessIPv6    *string            `json:"accessIPv6,omitempty" maxLength:"64"`
	Personality   []personalFile     `json:"personality,omitempty" maxItems:"1000" until:"2.56"`
	Ephemeral     *api.Bool          `json:"preserve_ephemeral,omitempty"`
	Description   *string            `json:"description,omitempty" maxLength:"255" nullable:"true" since:"2.19"`
	KeyName       *string            `json:"key_name,omitempty" maxLength:"255" nullable:"true" since:"2.54"`
	UserData      *string            `json:"user_data,omitempty" maxLength:"65535" nullable:"true" since:"2.57"`
	TrustedImages []string           `json:"trusted_image_certificates,omitempty" maxItems:"50" nullable:"true" since:"2.63"`
	Hostname      *string            `json:"hostname,omitempty" maxLength:"255" since:"2.90"`
}

// rebuiltServer is what a rebuild shows: what an update does, the new password,
// and since 2.54 and 2.57 the key and the user data.
type rebuiltServer struct {
	server
	AdminPass string  `json:"adminPass"`
	Key       *string `json:"key_name" since:"2.54" until:"2.74"`
	UserData  *string `json:"user_data" since:"2.57"`
}

func (s *Service) rebuildServer(ctx context.Context, id string, in *rebuildServer) (*api.Respond, error) {
	one, err := seenServer(ctx, id)
	if err != nil {
		return nil, err
	}
	c, err := s.readRebuild(ctx, id, one.ProjectID, in)
	if err != nil {
		return nil, err
	}
	password := s.passwordOr(ctx, in.AdminPass)
	if c.Password, err = s.firstPassword(ctx, one.ProjectID, one.ConfigDrive, password); err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	one, ok := w.Compute.Servers.Get(id)
	if !ok {
		return nil, serverMissing(id)
	}
	v := newViewer(ctx, w)
	shown := rebuiltServer{server: server{serverCore: v.core(&one)}, AdminPass: password, Key: text(one.KeyName), UserData: in.UserData}
	if !api.From(ctx).Version.Before(2, 75) {
		shown.server = *v.full(&one)
	}
	shown.ServerGroups = groupsShown(w, one)
	return &api.Respond{Location: link(ctx, "servers", id)[0].Href, Body: oneServer[rebuiltServer]{shown}}, nil
}

// readRebuild checks all that was sent.
func (s *Service) readRebuild(ctx context.Context, id, project string, in *rebuildServer) (c cmd.RebuildServer, err error) {
	c = cmd.RebuildServer{ID: id, Metadata: in.Metadata, At: time.Now().UTC(), By: by(ctx), KeyOwner: api.From(ctx).UserID,
		Update: cmd.UpdateServer{Name: in.Name, Description: in.Description, Hostname: in.Hostname, AccessIPv4: in.AccessIPv4, AccessIPv6: in.AccessIPv6, DiskConfig: in.DiskConfig}}
	switch {
	case in.Ephemeral != nil && bool(*in.Ephemeral):
		return c, commands.Refuse(commands.Invalid, "The current driver does not support preserving ephemeral partitions.")
	case len(in.TrustedImages) > 0:
		return c, commands.Refuse(commands.Invalid, "Trusted image certificates are not supported.")
	}
	if c.Update.Name != nil {
		if *c.Update.Name, err = goodName(*c.Update.Name); err != nil {
			return c, err
		}
	}
	if in.Description == nil && api.Sent(ctx, "rebuild", "description") {
		c.Update.Description = new(string)
	}
	if c.KeyName = in.KeyName; in.KeyName == nil && api.Sent(ctx, "rebuild", "key_name") {
		c.KeyName = new(string)
	}
	if api.Sent(ctx, "rebuild", "user_data") {
		sealed, err := s.userData(ctx, project, in.UserData)
		if err != nil {
			return c, err
		}
		c.UserData = &sealed
	}
	if c.Files, err = s.personality(ctx, project, in.Personality); err != nil {
		return c, err
	}
	if err := checkAccess(in.AccessIPv4, in.AccessIPv6, in.Hostname); err != nil {
		return c, err
	}
	if in.Metadata != nil {
		if err := checkMetadata(*in.Metadata); err != nil {
			return c, err
		}
	}
	c.Image, err = imageNamed(ctx, in.ImageRef)
	return c, err
}

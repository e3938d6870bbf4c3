package compute

import (
	"maps"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/events"
	evt "skylog/events/compute"
	"skylog/handlers"
	"skylog/projections"
	view "skylog/projections/compute"
)

// How long a host has for each thing before it counts as failed.
const (
	buildTime   = 10 * time.Minute // an image of many GB may have to be fetched first
	actionTime  = 5 * time.Minute  // a guest gets a minute to shut down before it is stopped
	captureTime = time.Hour        // a disk of many GB is read, packed and sent
)

func registerServers(r *handlers.Registry) {
	handlers.On(r, CreateServer)
	handlers.On(r, UpdateServer)
	handlers.On(r, DeleteServer)
	handlers.On(r, StopServer)
	handlers.On(r, StartServer)
	handlers.On(r, RebootServer)
	handlers.On(r, PauseServer)
	handlers.On(r, UnpauseServer)
	handlers.On(r, SuspendServer)
	handlers.On(r, ResumeServer)
	handlers.On(r, RebuildServer)
	handlers.On(r, RescueServer)
	handlers.On(r, UnrescueServer)
	handlers.On(r, ResizeServer)
	handlers.On(r, ConfirmResize)
	handlers.On(r, RevertResize)
	handlers.On(r, SnapshotServer)
	handlers.On(r, ReportServerCaptured)
	handlers.On(r, ShelveServer)
	handlers.On(r, OffloadServer)
	handlers.On(r, UnshelveServer)
	handlers.On(r, EvacuateServer)
	handlers.On(r, RestoreServer)
	handlers.On(r, LiveMigrateServer)
	handlers.On(r, AbortLiveMigration)
	handlers.On(r, ForceLiveMigration)
	handlers.On(r, ReportServerAwaited)
	handlers.On(r, ReportServerProgress)
	handlers.On(r, ReportServerSent)
	handlers.On(r, ReportServerStayed)
	handlers.On(r, GrantConsole)
	handlers.On(r, OpenConsole)
	handlers.On(r, ChangePassword)
	handlers.On(r, EndPasswordChange)
	handlers.On(r, AttachInterface)
	handlers.On(r, DetachInterface)
	handlers.On(r, LockServer)
	handlers.On(r, UnlockServer)
	handlers.On(r, ResetServerState)
	handlers.On(r, ChangeServerMetadata)
	handlers.On(r, TagServer)
	handlers.On(r, PassDeadline)
	handlers.On(r, ReportServer)
	handlers.On(r, ReportServerFailed)
	handlers.On(r, ReportServerGone)
}

// CreateServer makes a server and claims its quota, its ports and its place on a
// host at once. Where no host will do, the server is made and is in error, as
// Nova's users know it.
func CreateServer(w *projections.World, c cmd.CreateServer) ([]events.Event, error) {
	f, ok := w.Compute.Flavors.Get(c.FlavorID)
	if !ok {
		return nil, commands.Refuse(commands.Invalid, "Flavor %s could not be found.", c.FlavorID)
	}
	created := evt.ServerCreated{
		ID: c.ID, ProjectID: c.ProjectID, UserID: c.UserID, Name: c.Name, Description: c.Description, Hostname: c.Hostname,
		Image:   useOf(&c.Image),
		Flavor:  flavorUse(&f),
		KeyName: c.KeyName, Metadata: c.Metadata, Tags: c.Tags, UserData: c.UserData, Files: c.Files, Password: c.Password, ConfigDrive: c.ConfigDrive,
		Zone: c.Zone, AccessIPv4: c.AccessIPv4, AccessIPv6: c.AccessIPv6, DiskConfig: c.DiskConfig,
		PortIDs: c.PortIDs, OwnPortIDs: c.OwnPortIDs, ReservationID: c.ReservationID, LaunchIndex: c.LaunchIndex, GroupID: c.GroupID,
		BuildBy: c.At.Add(buildTime),
	}
	if err := admit(w, &c, &f); err != nil {
		return nil, err
	}
	if c.KeyName != "" {
		k, ok := w.Compute.Keypairs.Get(view.KeypairID{UserID: c.UserID, Name: c.KeyName})
		if !ok {
			return nil, commands.Refuse(commands.Invalid, "Invalid key_name provided.")
		}
		created.KeyType, created.PublicKey = k.Type, k.PublicKey
	}
	if c.GroupID != "" {
		if err := joins(w, c.ProjectID, c.UserID, c.GroupID); err != nil {
			return nil, err
		}
	}
	host, why := place(w, want{Usage: usageOf(&f), zone: c.Zone, host: c.Host, server: c.ID, group: c.GroupID, specs: f.ExtraSpecs})
	if why != "" {
		return events.List(created, evt.ServerBuildFailed{ID: c.ID, Code: 500, Message: why}), nil
	}
	bound, err := bindPorts(w, &c, host)
	if err != nil {
		return nil, err
	}
	return append(events.List(created, evt.ServerPlaced{ID: c.ID, Host: host}), bound...), nil
}

func usageOf(f *view.Flavor) view.Usage {
	return view.Usage{Servers: 1, VCPUs: f.VCPUs, RAMMiB: f.RAMMiB, DiskGiB: f.DiskGiB + f.EphemeralGiB}
}

// room says whether a project's quota allows so much more.
func room(w *projections.World, project string, more view.Usage) error {
	used := w.Compute.Servers.UsageOf(project)
	for _, q := range []struct {
		name       string
		used, more int
	}{{"instances", used.Servers, more.Servers}, {"cores", used.VCPUs, more.VCPUs}, {"ram", used.RAMMiB, more.RAMMiB}} {
		if limit := w.Compute.Quotas.Limit(project, q.name); limit >= 0 && q.more > 0 && q.used+q.more > limit {
			return commands.Refuse(commands.OverLimit, "Quota exceeded for %s: Requested %d, but already used %d of %d %s", q.name, q.more, q.used, limit, q.name)
		}
	}
	return nil
}

// admit says whether flavor, image and quota allow the server.
func admit(w *projections.World, c *cmd.CreateServer, f *view.Flavor) error {
	if err := room(w, c.ProjectID, usageOf(f)); err != nil {
		return err
	}
	if limit := w.Compute.Quotas.Limit(c.ProjectID, "metadata_items"); limit >= 0 && len(c.Metadata) > limit {
		return commands.Refuse(commands.OverLimit, "Quota exceeded, too many metadata items: Maximum number of metadata items exceeds %d", limit)
	}
	switch {
	case w.Compute.Servers.Has(c.ID):
		return commands.Refuse(commands.Conflict, "Server %s already exists.", c.ID)
	case !f.Public && !w.Compute.Access.Has(view.Access{FlavorID: f.ID, ProjectID: c.ProjectID}):
		return commands.Refuse(commands.Invalid, "Flavor %s could not be found.", f.ID)
	}
	use := flavorUse(f)
	return bootable(&use, &c.Image)
}

func serverMissing(id string) error {
	return commands.Refuse(commands.NotFound, "Instance %s could not be found.", id)
}

// UpdateServer changes what the owner may change of a server.
func UpdateServer(w *projections.World, c cmd.UpdateServer) (e []events.Event, err error) {
	s, ok := w.Compute.Servers.Get(c.ID)
	if !ok {
		return nil, serverMissing(c.ID)
	}
	if c.Name != nil && *c.Name != s.Name {
		e = append(e, evt.ServerRenamed{ID: c.ID, Name: *c.Name})
	}
	if c.Description != nil && *c.Description != s.Description {
		e = append(e, evt.ServerDescribed{ID: c.ID, Description: *c.Description})
	}
	if c.Hostname != nil && *c.Hostname != s.Hostname {
		e = append(e, evt.ServerHostnameChanged{ID: c.ID, Hostname: *c.Hostname})
	}
	if c.DiskConfig != nil && *c.DiskConfig != s.DiskConfig {
		e = append(e, evt.ServerDiskConfigChanged{ID: c.ID, DiskConfig: *c.DiskConfig})
	}
	v4, v6 := s.AccessIPv4, s.AccessIPv6
	if c.AccessIPv4 != nil {
		v4 = *c.AccessIPv4
	}
	if c.AccessIPv6 != nil {
		v6 = *c.AccessIPv6
	}
	if v4 != s.AccessIPv4 || v6 != s.AccessIPv6 {
		e = append(e, evt.ServerAccessChanged{ID: c.ID, AccessIPv4: v4, AccessIPv6: v6})
	}
	return e, nil
}

// ChangeServerMetadata puts and deletes metadata items within the quota.
func ChangeServerMetadata(w *projections.World, c cmd.ChangeServerMetadata) ([]events.Event, error) {
	s, ok := w.Compute.Servers.Get(c.ID)
	switch {
	case !ok:
		return nil, serverMissing(c.ID)
	case locked(&s, c.By):
		return nil, lockedRefusal(c.ID)
	}
	metadata := map[string]string{}
	if !c.Replace {
		maps.Copy(metadata, s.Metadata)
	}
	for _, key := range c.Delete {
		if _, there := metadata[key]; !there {
			return nil, commands.Refuse(commands.NotFound, "Metadata item was not found")
		}
		delete(metadata, key)
	}
	maps.Copy(metadata, c.Put)
	if limit := w.Compute.Quotas.Limit(s.ProjectID, "metadata_items"); limit >= 0 && len(metadata) > limit {
		return nil, commands.Refuse(commands.OverLimit, "Quota exceeded, too many metadata items: Maximum number of metadata items exceeds %d", limit)
	}
	return events.List(evt.ServerMetadataChanged{ID: c.ID, Metadata: metadata}), nil
}

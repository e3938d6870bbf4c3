package compute

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/projections"
	view "skylog/projections/compute"
	netview "skylog/projections/network"
)

func (s *Service) mountServers(a huma.API) {
	const path, rule = "/servers", "os_compute_api:servers:"
	api.Handle(a, "GET "+path, rule+"index", http.StatusOK, s.listServers)
	api.Handle(a, "GET "+path+"/detail", rule+"detail", http.StatusOK, s.listServersDetail)
	api.Handle(a, "POST "+path, rule+"create", http.StatusAccepted, s.createServer)
	api.Handle(a, "GET "+path+"/{id}", rule+"show", http.StatusOK, s.showServer)
	api.Handle(a, "PUT "+path+"/{id}", rule+"update", http.StatusOK, s.updateServer)
	api.Handle(a, "DELETE "+path+"/{id}", rule+"delete", http.StatusNoContent, s.deleteServer)
}

// server is a server in its newest form. What an update shows was less until
// 2.74; what only administrators see is nil for others.
type server struct {
	serverCore
	*serverMore
	*serverInside
}

type serverCore struct {
	ID            string               `json:"id"`
	Name          string               `json:"name"`
	Status        string               `json:"status"`
	TenantID      string               `json:"tenant_id"`
	UserID        string               `json:"user_id"`
	Metadata      map[string]string    `json:"metadata"`
	HostID        string               `json:"hostId"`
	Image         any                  `json:"image"` // "" without one
	Flavor        serverFlavor         `json:"flavor"`
	Created       time.Time            `json:"created"`
	Updated       time.Time            `json:"updated"`
	Addresses     map[string][]address `json:"addresses"`
	AccessIPv4    string               `json:"accessIPv4"`
	AccessIPv6    string               `json:"accessIPv6"`
	Links         []api.Link           `json:"links"`
	DiskConfig    string               `json:"OS-DCF:diskConfig"`
	Progress      *int                 `json:"progress,omitempty"`
	Fault         *fault               `json:"fault,omitempty"`
	Locked        bool                 `json:"locked" since:"2.9"`
	LockedReason  *string              `json:"locked_reason" since:"2.73"`
	Description   *string              `json:"description" since:"2.19"`
	Tags          []string             `json:"tags" since:"2.26"`
	TrustedImages *string              `json:"trusted_image_certificates" since:"2.63"`
	ServerGroups  *[]string            `json:"server_groups,omitempty" since:"2.71"`
}

// serverMore is what lists and shows have besides, and since 2.75 updates.
type serverMore struct {
	Zone           string         `json:"OS-EXT-AZ:availability_zone"`
	PinnedZone     *string        `json:"pinned_availability_zone" since:"2.96"`
	ConfigDrive    string         `json:"config_drive"`
	KeyName        *string        `json:"key_name"`
	LaunchedAt     time.Time      `json:"OS-SRV-USG:launched_at" layout:"2006-01-02T15:04:05.000000"`
	TerminatedAt   time.Time      `json:"OS-SRV-USG:terminated_at" layout:"2006-01-02T15:04:05.000000"`
	SecurityGroups []securityName `json:"security_groups,omitempty"`
	TaskState      *string        `json:"OS-EXT-STS:task_state"`
	VMState        string         `json:"OS-EXT-STS:vm_state"`
	PowerState     int            `json:"OS-EXT-STS:power_state"`
	Volumes        []string       `json:"os-extended-volumes:volumes_attached"`
	Hostname       string         `json:"OS-EXT-SRV-ATTR:hostname,omitempty" since:"2.90"`
}

// serverInside is what policy shows to administrators.
type serverInside struct {
	Host           *string `json:"OS-EXT-SRV-ATTR:host"`
	Hypervisor     *string `json:"OS-EXT-SRV-ATTR:hypervisor_hostname"`
	InstanceName   string  `json:"OS-EXT-SRV-ATTR:instance_name"`
	OldHostname    string  `json:"OS-EXT-SRV-ATTR:hostname" since:"2.3" until:"2.89"`
	ReservationID  string  `json:"OS-EXT-SRV-ATTR:reservation_id" since:"2.3"`
	LaunchIndex    int     `json:"OS-EXT-SRV-ATTR:launch_index" since:"2.3"`
	KernelID       string  `json:"OS-EXT-SRV-ATTR:kernel_id" since:"2.3"`
	RamdiskID      string  `json:"OS-EXT-SRV-ATTR:ramdisk_id" since:"2.3"`
	RootDeviceName *string `json:"OS-EXT-SRV-ATTR:root_device_name" since:"2.3"`
	UserData       *string `json:"OS-EXT-SRV-ATTR:user_data" since:"2.3"`
	HostStatus     string  `json:"host_status" since:"2.16"`
}

type serverFlavor struct {
	ID           string             `json:"id" until:"2.46"`
	Links        []api.Link         `json:"links" until:"2.46"`
	VCPUs        int                `json:"vcpus" since:"2.47"`
	RAM          int                `json:"ram" since:"2.47"`
	Disk         int                `json:"disk" since:"2.47"`
	Ephemeral    int                `json:"ephemeral" since:"2.47"`
	Swap         int                `json:"swap" since:"2.47"`
	OriginalName string             `json:"original_name" since:"2.47"`
	ExtraSpecs   *map[string]string `json:"extra_specs,omitempty" since:"2.47"`
}

type imageRef struct {
	ID    string     `json:"id"`
	Links []api.Link `json:"links"`
}

type fault struct {
	Code    int       `json:"code"`
	Created time.Time `json:"created"`
	Message string    `json:"message"`
	Details string    `json:"details,omitempty"`
}

type address struct {
	Version int    `json:"version"`
	Addr    string `json:"addr"`
	Type    string `json:"OS-EXT-IPS:type"`
	MAC     string `json:"OS-EXT-IPS-MAC:mac_addr"`
}

type securityName struct {
	Name string `json:"name"`
}

type oneServer[T any] struct {
	Server T `json:"server"`
}

type (
	serverID struct {
		ID string `path:"id" maxLength:"255"`
	}
	serverOut struct{ Body oneServer[server] }
)

func link(ctx context.Context, kind, id string) []api.Link {
	return []api.Link{
		{Rel: "self", Href: api.Root(ctx) + "/" + kind + "/" + id},
		{Rel: "bookmark", Href: api.Base(ctx) + "/compute/" + kind + "/" + id},
	}
}

// viewer shows servers to one caller; what holds for all of a page, or for many
// servers of it, is asked once.
type viewer struct {
	ctx        context.Context
	world      *projections.World
	inside     bool // sees what administrators see
	specs      bool // sees extra specs
	root, base string
	networks   map[string]string // names by id
	groups     map[string]string
	hosts      map[string]view.Host
	bookmarks  map[string][]api.Link
	of         string // the server whose ports these are
	ports      []*netview.Port
	shown      shownServer
}

// shownServer is room for one server as it is shown: a page shows one behind the
// other in it.
type shownServer struct {
	server
	more      serverMore
	inside    serverInside
	links     [2]api.Link
	image     imageRef
	addresses map[string][]address
	progress  int
}

func newViewer(ctx context.Context, w *projections.World) *viewer {
	return &viewer{ctx: ctx, world: w, inside: api.Can(ctx, "os_compute_api:os-extended-server-attributes", api.Target{}), specs: mayShowSpecs(ctx),
		root: api.Root(ctx), base: api.Base(ctx) + "/compute", networks: map[string]string{}, groups: map[string]string{}, hosts: map[string]view.Host{}, bookmarks: map[string][]api.Link{}}
}

// once is what find says of an id, asked the first time only.
func once[T any](known map[string]T, id string, find func() T) T {
	one, ok := known[id]
	if !ok {
		one = find()
		known[id] = one
	}
	return one
}

func (v *viewer) portsOf(s *view.Server) []*netview.Port {
	if v.of != s.ID {
		v.of, v.ports = s.ID, appendPorts(v.ports[:0], v.world, s)
	}
	return v.ports
}

// host is that of a server, the zero one where it has none.
func (v *viewer) host(name string) view.Host {
	return once(v.hosts, name, func() view.Host {
		h, _ := v.world.Compute.Hosts.Get(name)
		return h
	})
}

func (v *viewer) self(kind, id string) api.Link {
	return api.Link{Rel: "self", Href: v.root + "/" + kind + "/" + id}
}

func (v *viewer) bookmark(kind, id string) api.Link {
	return api.Link{Rel: "bookmark", Href: v.base + "/" + kind + "/" + id}
}

// bookmarked are the links to what many servers have.
func (v *viewer) bookmarked(kind, id string) []api.Link {
	return once(v.bookmarks, kind+"/"+id, func() []api.Link { return []api.Link{v.bookmark(kind, id)} })
}

// full is a server as lists show it, until the next one is shown.
func (v *viewer) full(s *view.Server) *server {
	v.shown.server = server{serverCore: v.core(s), serverMore: v.more(s)}
	if v.inside {
		v.shown.serverInside = v.insides(s)
	}
	return &v.shown.server
}

func (v *viewer) core(s *view.Server) serverCore {
	v.shown.links = [2]api.Link{v.self("servers", s.ID), v.bookmark("servers", s.ID)}
	out := serverCore{
		ID: s.ID, Name: s.Name, Status: s.Status(), TenantID: s.ProjectID, UserID: s.UserID, Metadata: s.Metadata,
		HostID: hostID(s), Image: "", Created: s.CreatedAt, Updated: s.UpdatedAt, Addresses: v.addresses(s),
		AccessIPv4: s.AccessIPv4, AccessIPv6: s.AccessIPv6, Links: v.shown.links[:], DiskConfig: s.DiskConfig,
		Locked: s.Locked, Description: text(s.Description), Tags: s.Tags,
		Flavor: serverFlavor{ID: s.Flavor.ID, Links: v.bookmarked("flavors", s.Flavor.ID), VCPUs: s.Flavor.VCPUs, RAM: s.Flavor.RAMMiB,
			Disk: s.Flavor.DiskGiB, Ephemeral: s.Flavor.EphemeralGiB, Swap: s.Flavor.SwapMiB, OriginalName: s.Flavor.Name},
	}
	if s.Locked {
		out.LockedReason = text(s.LockedReason)
	}
	if v.specs {
		out.Flavor.ExtraSpecs = &s.Flavor.ExtraSpecs
	}
	if s.Image.ID != "" {
		v.shown.image = imageRef{s.Image.ID, v.bookmarked("images", s.Image.ID)}
		out.Image = &v.shown.image
	}
	switch out.Status {
	case "ACTIVE", "BUILD":
		out.Progress = &v.shown.progress
	case "ERROR":
		if s.Fault != nil {
			out.Fault = &fault{Code: s.Fault.Code, Created: s.Fault.At, Message: s.Fault.Message}
			if v.inside || s.Fault.Code != http.StatusInternalServerError {
				out.Fault.Details = s.Fault.Details
			}
		}
	}
	return out
}

func (v *viewer) more(s *view.Server) *serverMore {
	out := &v.shown.more
	*out = serverMore{
		Zone: s.Zone, PinnedZone: text(s.Zone), KeyName: text(s.KeyName), LaunchedAt: s.LaunchedAt, TerminatedAt: s.EndedAt, TaskState: text(s.TaskState), VMState: s.VMState,
		PowerState: s.PowerState, SecurityGroups: v.securityNames(s), Hostname: s.Hostname, ConfigDrive: configDrive(s),
	}
	if h := v.host(s.Host); h.Name != "" {
		out.Zone = h.InZone()
	}
	return out
}

func (v *viewer) insides(s *view.Server) *serverInside {
	out := &v.shown.inside
	*out = serverInside{
		Host: text(s.Host), Hypervisor: text(s.Host), InstanceName: fmt.Sprintf("instance-%08x", s.Number), OldHostname: s.Hostname,
		ReservationID: s.ReservationID, LaunchIndex: s.LaunchIndex, RootDeviceName: text(rootDevice),
	}
	switch h := v.host(s.Host); {
	case h.Name == "":
	case h.Disabled:
		out.HostStatus = "MAINTENANCE"
	case h.Alive():
		out.HostStatus = "UP"
	default:
		out.HostStatus = "DOWN"
	}
	return out
}

// hostID tells the servers of one host from those of another, to each project in
// its own way.
func hostID(s *view.Server) string {
	if s.Host == "" {
		return ""
	}
	sum := sha256.Sum224([]byte(s.ProjectID + s.Host))
	return hex.EncodeToString(sum[:])
}

// text is nil for what Nova shows as null when it isn't set.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// addresses are those of the server's ports by the names of their networks.
func (v *viewer) addresses(s *view.Server) map[string][]address {
	out := v.shown.addresses
	if clear(out); out == nil {
		out = map[string][]address{}
		v.shown.addresses = out
	}
	for _, p := range v.portsOf(s) {
		name := once(v.networks, p.NetworkID, func() string {
			n, _ := v.world.Network.Networks.Get(p.NetworkID)
			return n.Name
		})
		for _, ip := range p.FixedIPs {
			a := address{Version: 6, Addr: ip.Address.String(), Type: "fixed", MAC: p.MAC}
			if ip.Address.Is4() {
				a.Version = 4
			}
			out[name] = append(out[name], a)
		}
	}
	return out
}

// securityNames are those of the groups of a server's ports, each group once.
func (v *viewer) securityNames(s *view.Server) (names []securityName) {
	var seen []string
	for _, p := range v.portsOf(s) {
		for _, id := range p.SecurityGroupIDs {
			if slices.Contains(seen, id) {
				continue
			}
			seen = append(seen, id)
			names = append(names, securityName{once(v.groups, id, func() string {
				g, _ := v.world.Network.Groups.Get(id)
				return g.Name
			})})
		}
	}
	return names
}

// seenServer is a server, if the caller may do what the rule says to it. To
// others it isn't there.
func seenServer(ctx context.Context, id string) (view.Server, error) {
	s, ok := api.World(ctx).Compute.Servers.Get(id)
	if !ok {
		return s, serverMissing(id)
	}
	return s, api.Allow(ctx, api.Target{ProjectID: s.ProjectID, UserID: s.UserID, Missing: serverMissing(id)})
}

func serverMissing(id string) error {
	return commands.Refuse(commands.NotFound, "Instance %s could not be found.", id)
}

// by says whether locks of others hold for the caller.
func by(ctx context.Context) cmd.By { return cmd.By{Admin: isAdmin(ctx)} }

func (s *Service) showServer(ctx context.Context, in *serverID) (*serverOut, error) {
	one, err := seenServer(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &serverOut{oneServer[server]{*newViewer(ctx, api.World(ctx)).full(&one)}}
	out.Body.Server.ServerGroups = groupsShown(api.World(ctx), one)
	return out, nil
}

func (s *Service) deleteServer(ctx context.Context, in *serverID) (*api.Empty, error) {
	if _, err := seenServer(ctx, in.ID); err != nil {
		return nil, err
	}
	_, err := s.Do(ctx, cmd.DeleteServer{ID: in.ID, Reclaim: s.Reclaim, At: time.Now().UTC(), By: by(ctx)})
	return &api.Empty{Status: http.StatusNoContent}, err
}

type updateServerIn struct {
	ID   string `path:"id" maxLength:"255"`
	Body oneServer[struct {
		Name        *string `json:"name,omitempty" maxLength:"255"`
		DiskConfig  *string `json:"OS-DCF:diskConfig,omitempty" enum:"AUTO,MANUAL"`
		AccessIPv4  *string `json:"accessIPv4,omitempty"`
		AccessIPv6  *string `json:"accessIPv6,omitempty"`
		Description *string `json:"description,omitempty" maxLength:"255" nullable:"true" since:"2.19"`
		Hostname    *string `json:"hostname,omitempty" maxLength:"255" since:"2.90"`
	}]
}

func (s *Service) updateServer(ctx context.Context, in *updateServerIn) (*serverOut, error) {
	if _, err := seenServer(ctx, in.ID); err != nil {
		return nil, err
	}
	want := in.Body.Server
	c := cmd.UpdateServer{ID: in.ID, Name: want.Name, Description: want.Description, Hostname: want.Hostname,
		AccessIPv4: want.AccessIPv4, AccessIPv6: want.AccessIPv6, DiskConfig: want.DiskConfig}
	if c.Description == nil && api.Sent(ctx, "server", "description") {
		c.Description = new(string)
	}
	var err error
	if c.Name != nil {
		if *c.Name, err = goodName(*c.Name); err != nil {
			return nil, err
		}
	}
	if err := checkAccess(c.AccessIPv4, c.AccessIPv6, c.Hostname); err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	one, ok := w.Compute.Servers.Get(in.ID)
	if !ok {
		return nil, serverMissing(in.ID)
	}
	v := newViewer(ctx, w)
	out := &serverOut{oneServer[server]{server{serverCore: v.core(&one)}}}
	if !api.From(ctx).Version.Before(2, 75) {
		out.Body.Server = *v.full(&one)
	}
	out.Body.Server.ServerGroups = groupsShown(w, one)
	return out, nil
}

// statuses are Nova's words for states, by which lists are filtered.
var statuses = []string{"ACTIVE", "BUILD", "ERROR", "SHUTOFF", "PAUSED", "SUSPENDED", "REBOOT", "HARD_REBOOT", "DELETED", "RESCUE", "RESIZE",
	"VERIFY_RESIZE", "REVERT_RESIZE", "MIGRATING", "PASSWORD", "REBUILD", "SHELVED", "SHELVED_OFFLOADED", "SOFT_DELETED", "UNKNOWN"}

func knownStatus(s string) bool { return slices.Contains(statuses, s) }

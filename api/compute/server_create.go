package compute

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/projections"
	imageview "skylog/projections/image"
)

type createServer struct {
	Name         string            `json:"name" minLength:"1" maxLength:"255"`
	ImageRef     string            `json:"imageRef,omitempty" maxLength:"255"`
	FlavorRef    any               `json:"flavorRef"`
	Networks     any               `json:"networks,omitempty"`
	KeyName      string            `json:"key_name,omitempty" maxLength:"255"`
	Metadata     map[string]string `json:"metadata,omitempty"`
	DiskConfig   string            `json:"OS-DCF:diskConfig,omitempty" enum:"AUTO,MANUAL"`
	AccessIPv4   string            `json:"accessIPv4,omitempty" maxLength:"64"`
	AccessIPv6   string            `json:"accessIPv6,omitempty" maxLength:"64"`
	AdminPass    string            `json:"adminPass,omitempty" maxLength:"255"`
	Personality  []personalFile    `json:"personality,omitempty" maxItems:"1000" until:"2.56"`
	Groups       []securityName    `json:"security_groups,omitempty" maxItems:"64"`
	UserData     *string           `json:"user_data,omitempty" maxLength:"65535" nullable:"true"`
	ConfigDrive  *api.Bool         `json:"config_drive,omitempty"`
	Zone         string            `json:"availability_zone,omitempty" maxLength:"255"`
	MinCount     api.Int           `json:"min_count,omitempty"`
	MaxCount     api.Int           `json:"max_count,omitempty"`
	Reservation  api.Bool          `json:"return_reservation_id,omitempty"`
	BlockDevices []blockDevice     `json:"block_device_mapping_v2,omitempty" maxItems:"255"`
	Description  *string           `json:"description,omitempty" maxLength:"255" nullable:"true" since:"2.19"`
	Tags         []string          `json:"tags,omitempty" maxItems:"50" since:"2.52"`
	Host         string            `json:"host,omitempty" maxLength:"255" since:"2.74"`
	Hypervisor   string            `json:"hypervisor_hostname,omitempty" maxLength:"255" since:"2.74"`
	Hostname     string            `json:"hostname,omitempty" maxLength:"255" since:"2.90"`
}

// blockDevice is a disk asked for. Servers have the one of their image.
type blockDevice struct {
	UUID                string `json:"uuid,omitempty"`
	BootIndex           any    `json:"boot_index,omitempty"`
	SourceType          string `json:"source_type,omitempty"`
	DestinationType     string `json:"destination_type,omitempty"`
	DeleteOnTermination any    `json:"delete_on_termination,omitempty"`
	VolumeSize          any    `json:"volume_size,omitempty"`
	DeviceName          string `json:"device_name,omitempty"`
	DeviceType          string `json:"device_type,omitempty"`
	DiskBus             string `json:"disk_bus,omitempty"`
	GuestFormat         string `json:"guest_format,omitempty"`
	NoDevice            any    `json:"no_device,omitempty"`
	Tag                 string `json:"tag,omitempty" since:"2.32"`
	VolumeType          string `json:"volume_type,omitempty" since:"2.67"`
}

type createServerIn struct {
	Body struct {
		Server createServer   `json:"server"`
		Hints  map[string]any `json:"os:scheduler_hints,omitempty"`
		Hints2 map[string]any `json:"OS-SCH-HNT:scheduler_hints,omitempty"`
	}
}

type createdServer struct {
	ID         string         `json:"id"`
	Links      []api.Link     `json:"links"`
	DiskConfig string         `json:"OS-DCF:diskConfig"`
	Groups     []securityName `json:"security_groups"`
	AdminPass  string         `json:"adminPass"`
}

// maxServers is how many servers one call makes at most: their ports and they
// fit into one batch.
const maxServers = 100

func (s *Service) createServer(ctx context.Context, in *createServerIn) (*api.Respond, error) {
	want := &in.Body.Server
	group, err := readHints(in.Body.Hints, in.Body.Hints2)
	if err != nil {
		return nil, err
	}
	first, err := s.readServer(ctx, want)
	if err != nil {
		return nil, err
	}
	first.GroupID = group
	least := max(1, int(want.MinCount))
	most := max(least, int(want.MaxCount))
	if want.MinCount < 0 || want.MaxCount < 0 || api.Sent(ctx, "server", "max_count") && int(want.MaxCount) < least {
		return nil, commands.Refuse(commands.Invalid, "min_count must be <= max_count")
	}
	nics, err := readNetworks(ctx, want)
	if err != nil {
		return nil, err
	}
	groups, err := groupIDs(ctx, want.Groups)
	if err != nil {
		return nil, err
	}
	count := s.room(ctx, first, least, most)
	if count > maxServers {
		return nil, commands.Refuse(commands.Invalid, "One request makes %d servers at most.", maxServers)
	}
	if count > 1 && slices.ContainsFunc(nics, func(n nic) bool { return n.port != "" || n.address.IsValid() }) {
		return nil, commands.Refuse(commands.Invalid, "Unable to launch multiple instances with a single configured port ID or fixed IP. Please launch your instance one by one with different ports or addresses.")
	}
	password := s.passwordOr(ctx, want.AdminPass)
	if first.Password, err = s.firstPassword(ctx, first.ProjectID, first.ConfigDrive, password); err != nil {
		return nil, err
	}
	first.ReservationID = "r-" + strings.ReplaceAll(api.NewID(ctx), "-", "")[:8]
	var batch []commands.Command
	for i := range count {
		one := first
		one.ID, one.LaunchIndex = api.NewID(ctx), i
		if most > 1 {
			one.Name, one.Hostname = first.Name+"-"+strconv.Itoa(i+1), first.Hostname+"-"+strconv.Itoa(i+1)
		}
		if i == 0 {
			first.ID = one.ID
		}
		batch = append(append(batch, plug(ctx, &one, nics, groups)...), one)
	}
	if _, err := s.Do(ctx, batch...); err != nil {
		return nil, err
	}
	return s.created(ctx, want, first, password), nil
}

// unheard are hints of Nova's own filters that aren't here. A server that is
// placed against a hint is worse than none; Nova ignores all other hints too.
var unheard = []string{"same_host", "different_host", "query", "target_cell", "different_cell", "build_near_host_ip", "cidr"}

// readHints reads which server group a server shall be in.
func readHints(all ...map[string]any) (group string, err error) {
	for _, hints := range all {
		for _, name := range unheard {
			if _, sent := hints[name]; sent {
				return "", commands.Refuse(commands.Invalid, "The scheduler hint '%s' is not supported.", name)
			}
		}
		sent, there := hints["group"]
		if !there {
			continue
		}
		id, _ := sent.(string)
		if _, err := uuid.Parse(id); err != nil {
			return "", commands.Refuse(commands.Invalid, "Invalid input for field/attribute group. Value: %.80v. It is not a 'uuid'", sent)
		}
		group = id
	}
	return group, nil
}

func (s *Service) created(ctx context.Context, want *createServer, first cmd.CreateServer, password string) *api.Respond {
	if want.Reservation {
		return &api.Respond{Status: 202, Body: map[string]string{"reservation_id": first.ReservationID}}
	}
	self := link(ctx, "servers", first.ID)
	out := createdServer{ID: first.ID, Links: self, DiskConfig: first.DiskConfig, Groups: want.Groups, AdminPass: password}
	if len(out.Groups) == 0 {
		out.Groups = []securityName{{"default"}}
	}
	return &api.Respond{Status: 202, Location: self[0].Href, Body: oneServer[createdServer]{out}}
}

// room is how many of the wanted servers the quota has room for, if that is at
// least as many as must be; the decider has the last word.
func (s *Service) room(ctx context.Context, c cmd.CreateServer, least, most int) int {
	w := api.World(ctx)
	f, _ := w.Compute.Flavors.Get(c.FlavorID)
	used, quotas := w.Compute.Servers.UsageOf(c.ProjectID), &w.Compute.Quotas
	for _, q := range []struct {
		name       string
		used, each int
	}{{"instances", used.Servers, 1}, {"cores", used.VCPUs, f.VCPUs}, {"ram", used.RAMMiB, f.RAMMiB}} {
		if limit := quotas.Limit(c.ProjectID, q.name); limit >= 0 && q.each > 0 {
			most = min(most, (limit-q.used)/q.each)
		}
	}
	return max(least, most)
}

// readServer checks all that was sent but the networks.
func (s *Service) readServer(ctx context.Context, want *createServer) (c cmd.CreateServer, err error) {
	who := api.From(ctx)
	c = cmd.CreateServer{
		ProjectID: who.ProjectID, UserID: who.UserID, KeyName: want.KeyName, Metadata: want.Metadata, Tags: want.Tags,
		AccessIPv4: want.AccessIPv4, AccessIPv6: want.AccessIPv6, DiskConfig: cmp.Or(want.DiskConfig, "MANUAL"), At: time.Now().UTC(),
	}
	if who.ProjectID == "" {
		return c, commands.Refuse(commands.Forbidden, "A server is made with a token of a project.")
	}
	if c.Name, err = goodName(want.Name); err != nil {
		return c, err
	}
	if c.Hostname = want.Hostname; c.Hostname == "" {
		c.Hostname = hostnameOf(c.Name)
	}
	if c.Description = c.Name; !who.Version.Before(2, 19) {
		c.Description = ""
	}
	if want.Description != nil {
		c.Description = *want.Description
	}
	if want.ConfigDrive != nil {
		c.ConfigDrive = bool(*want.ConfigDrive)
	}
	if err := errors1(checkAccess(&want.AccessIPv4, &want.AccessIPv6, &c.Hostname), checkMetadata(want.Metadata), checkTags(want.Tags)); err != nil {
		return c, err
	}
	if c.FlavorID, err = flavorOf(ctx, want.FlavorRef); err != nil {
		return c, err
	}
	if c.Image, err = imageOf(ctx, want); err != nil {
		return c, err
	}
	if c.UserData, err = s.userData(ctx, who.ProjectID, want.UserData); err != nil {
		return c, err
	}
	if c.Files, err = s.personality(ctx, who.ProjectID, want.Personality); err != nil {
		return c, err
	}
	return c, placeWanted(ctx, want, &c)
}

func errors1(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// placeWanted reads where the server shall be: "zone", and for administrators
// "zone:host" or a host by name.
func placeWanted(ctx context.Context, want *createServer, c *cmd.CreateServer) error {
	zone, host, _ := strings.Cut(want.Zone, ":")
	host, _, _ = strings.Cut(host, ":")
	c.Zone, c.Host = zone, host
	if chosen := cmp.Or(want.Host, want.Hypervisor); chosen != "" {
		if err := api.AllowRule(ctx, "compute:servers:create:requested_destination", api.Target{ProjectID: c.ProjectID}); err != nil {
			return err
		}
		c.Host = chosen
	} else if host != "" {
		if err := api.AllowRule(ctx, "os_compute_api:servers:create:forced_host", api.Target{ProjectID: c.ProjectID}); err != nil {
			return err
		}
	}
	w := api.World(ctx)
	if c.Host != "" {
		if _, ok := w.Compute.Hosts.Get(c.Host); !ok {
			return commands.Refuse(commands.Invalid, "Compute host %s could not be found.", c.Host)
		}
	}
	if c.Zone != "" {
		return knownZone(w, c.Zone)
	}
	return nil
}

func knownZone(w *projections.World, zone string) error {
	if !slices.Contains(zonesOf(w), zone) {
		return commands.Refuse(commands.Invalid, "The requested availability zone is not available")
	}
	return nil
}

func goodName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", commands.Refuse(commands.Invalid, "Invalid input for field/attribute name. It can't be blank or have control characters.")
	}
	return name, nil
}

var notInHostnames = regexp.MustCompile(`[^a-z0-9.-]+`)

// hostnameOf makes a host name of a server's name, as Nova does.
func hostnameOf(name string) string {
	h := strings.ToLower(strings.NewReplacer(" ", "-", "_", "-").Replace(name))
	h = strings.Trim(notInHostnames.ReplaceAllString(h, ""), ".-")
	h = h[:min(len(h), 63)]
	return cmp.Or(strings.ReplaceAll(h, ".", "-"), "server")
}

var hostnames = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,253}[a-zA-Z0-9])?$`)

func checkAccess(v4, v6, hostname *string) error {
	if v4 != nil && *v4 != "" {
		if a, err := netip.ParseAddr(*v4); err != nil || !a.Is4() {
			return commands.Refuse(commands.Invalid, "Invalid input for field/attribute accessIPv4. Value: %.64s. It is not a 'ipv4'.", *v4)
		}
	}
	if v6 != nil && *v6 != "" {
		if a, err := netip.ParseAddr(*v6); err != nil || !a.Is6() || a.Zone() != "" {
			return commands.Refuse(commands.Invalid, "Invalid input for field/attribute accessIPv6. Value: %.64s. It is not a 'ipv6'.", *v6)
		}
	}
	if hostname != nil && !hostnames.MatchString(*hostname) {
		return commands.Refuse(commands.Invalid, "Invalid input for field/attribute hostname. Value: %.255s. It is not a host name.", *hostname)
	}
	return nil
}

func flavorOf(ctx context.Context, ref any) (string, error) {
	var id string
	switch r := ref.(type) {
	case string:
		id = r[strings.LastIndexByte(r, '/')+1:] // a link will do as well
	case float64:
		id = strconv.FormatFloat(r, 'f', -1, 64)
	}
	w := api.World(ctx)
	f, ok := w.Compute.Flavors.Get(id)
	if !ok || !usable(ctx, w, &f) {
		return "", commands.Refuse(commands.Invalid, "Flavor %.255s could not be found.", id)
	}
	return id, nil
}

// imageOf finds the image, which may also stand as the only block device.
func imageOf(ctx context.Context, want *createServer) (cmd.Image, error) {
	ref := want.ImageRef[strings.LastIndexByte(want.ImageRef, '/')+1:]
	for _, d := range want.BlockDevices {
		if d.SourceType != "image" || d.DestinationType != "" && d.DestinationType != "local" {
			return cmd.Image{}, commands.Refuse(commands.Invalid, "Block Device Mapping is Invalid: servers boot from their image; volumes and further disks are not supported.")
		}
		if ref != "" && d.UUID != ref {
			return cmd.Image{}, commands.Refuse(commands.Invalid, "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is not valid.")
		}
		ref = d.UUID
	}
	if ref == "" {
		return cmd.Image{}, commands.Refuse(commands.Invalid, "Invalid imageRef provided.")
	}
	return imageNamed(ctx, ref)
}

// imageNamed is an image that the caller sees and a server can boot from.
func imageNamed(ctx context.Context, ref string) (cmd.Image, error) {
	ref = ref[strings.LastIndexByte(ref, '/')+1:] // a link will do as well
	w := api.World(ctx)
	i, ok := w.Image.Images.Get(ref)
	switch {
	case !ok || !seesImage(ctx, w, &i):
		return cmd.Image{}, commands.Refuse(commands.Invalid, "Image %.255s could not be found.", ref)
	case i.Status != imageview.Active:
		return cmd.Image{}, commands.Refuse(commands.Invalid, "Image %s is not active.", ref)
	}
	return cmd.Image{
		ID: i.ID, Format: cmp.Or(i.Format, i.DiskFormat), SHA512: i.SHA512, SizeBytes: i.SizeBytes,
		VirtualGiB: int((i.VirtualSize + 1<<30 - 1) >> 30), MinDiskGiB: i.MinDiskGiB, MinRAMMiB: i.MinRAMMiB, Guest: guestOf(&i),
	}, nil
}

func seesImage(ctx context.Context, w *projections.World, i *imageview.Image) bool {
	project := api.From(ctx).ProjectID
	switch {
	case i.OwnerID == project, i.Visibility == imageview.Public, i.Visibility == imageview.Community, isAdmin(ctx):
		return true
	case i.Visibility == imageview.Shared:
		return w.Image.Members.Has(imageview.MemberID{ImageID: i.ID, MemberID: project})
	}
	return false
}

// userData decodes what the guest is to be told and seals it with the project's key.
func (s *Service) userData(ctx context.Context, project string, sent *string) ([]byte, error) {
	if sent == nil || *sent == "" {
		return nil, nil
	}
	data, err := base64.StdEncoding.DecodeString(*sent)
	if err != nil {
		return nil, commands.Refuse(commands.Invalid, "Userdata content must be base64 encoded.")
	}
	if s.Seal == nil {
		return nil, commands.Refuse(commands.Invalid, "User data is not supported on this cloud.")
	}
	return api.Seal(ctx, s.Seal, project, data)
}

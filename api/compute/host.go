package compute

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	"skylog/projections"
	view "skylog/projections/compute"
)

// mountHosts mounts what is asked about compute hosts, as availability zones and
// as hypervisors.
func (s *Service) mountHosts(a huma.API) {
	const zone, hypervisors = "os_compute_api:os-availability-zone:", "os_compute_api:os-hypervisors:"
	api.Handle(a, "GET /os-availability-zone", zone+"list", http.StatusOK, s.listZones)
	api.Handle(a, "GET /os-availability-zone/detail", zone+"detail", http.StatusOK, s.listZonesDetail)
	api.Handle(a, "GET /os-hypervisors", hypervisors+"list", http.StatusOK, s.listHypervisors)
	api.Handle(a, "GET /os-hypervisors/detail", hypervisors+"list-detail", http.StatusOK, s.listHypervisorsDetail)
	api.Handle(a, "GET /os-hypervisors/statistics", hypervisors+"statistics", http.StatusOK, s.hypervisorStatistics, api.Between("", "2.87"))
	api.Handle(a, "GET /os-hypervisors/{id}", hypervisors+"show", http.StatusOK, s.showHypervisor)
	api.Handle(a, "GET /os-hypervisors/{id}/uptime", hypervisors+"uptime", http.StatusOK, s.hypervisorUptime, api.Between("", "2.87"))
	api.Handle(a, "GET /os-hypervisors/{id}/search", hypervisors+"search", http.StatusOK, s.searchHypervisors, api.Between("", "2.52"))
	api.Handle(a, "GET /os-hypervisors/{id}/servers", hypervisors+"servers", http.StatusOK, s.hypervisorServers, api.Between("", "2.52"))
}

// zonesOf are the availability zones there are hosts in, in order.
func zonesOf(w *projections.World) []string {
	var zones []string
	for _, h := range w.Compute.Hosts.All() {
		if !slices.Contains(zones, h.InZone()) {
			zones = append(zones, h.InZone())
		}
	}
	slices.Sort(zones)
	return zones
}

type zone struct {
	Name  string `json:"zoneName"`
	State struct {
		Available bool `json:"available"`
	} `json:"zoneState"`
	Hosts *map[string]map[string]zoneHost `json:"hosts"`
}

type zoneHost struct {
	Active    bool      `json:"active"`
	Available bool      `json:"available"`
	UpdatedAt time.Time `json:"updated_at" layout:"2006-01-02T15:04:05.000000"`
}

type (
	nothing  struct{}
	zonesOut struct {
		Body struct {
			Zones []zone `json:"availabilityZoneInfo"`
		}
	}
)

func (s *Service) listZones(ctx context.Context, _ *nothing) (*zonesOut, error) {
	return showZones(api.World(ctx), false), nil
}

func (s *Service) listZonesDetail(ctx context.Context, _ *nothing) (*zonesOut, error) {
	return showZones(api.World(ctx), true), nil
}

func showZones(w *projections.World, detail bool) *zonesOut {
	out := &zonesOut{}
	for _, name := range zonesOf(w) {
		z := zone{Name: name}
		hosts := map[string]map[string]zoneHost{}
		for _, h := range w.Compute.Hosts.All() {
			if h.InZone() != name {
				continue
			}
			z.State.Available = z.State.Available || !h.Disabled
			hosts[h.Name] = map[string]zoneHost{"nova-compute": {!h.Disabled, h.Alive(), h.UpdatedAt}}
		}
		if detail {
			z.Hosts = &hosts
		}
		out.Body.Zones = append(out.Body.Zones, z)
	}
	return out
}

// hypervisor is one in its newest form; what is shown of each in a plain list is hypervisorItem.
type hypervisorItem struct {
	ID       any                 `json:"id"` // a number until 2.52
	Hostname string              `json:"hypervisor_hostname"`
	State    string              `json:"state"`
	Status   string              `json:"status"`
	Servers  *[]hypervisorServer `json:"servers,omitempty" since:"2.53"`
}

type hypervisorServer struct {
	UUID string `json:"uuid"`
	Name string `json:"name"`
}

type hypervisor struct {
	hypervisorItem
	Service   hypervisorService `json:"service"`
	HostIP    string            `json:"host_ip"`
	Type      string            `json:"hypervisor_type"`
	Version   int               `json:"hypervisor_version"`
	CPUInfo   any               `json:"cpu_info" until:"2.87"` // text until 2.27
	VCPUs     int               `json:"vcpus" until:"2.87"`
	VCPUsUsed int               `json:"vcpus_used" until:"2.87"`
	RAM       int               `json:"memory_mb" until:"2.87"`
	RAMUsed   int               `json:"memory_mb_used" until:"2.87"`
	RAMFree   int               `json:"free_ram_mb" until:"2.87"`
	Disk      int               `json:"local_gb" until:"2.87"`
	DiskUsed  int               `json:"local_gb_used" until:"2.87"`
	DiskFree  int               `json:"free_disk_gb" until:"2.87"`
	DiskLeast int               `json:"disk_available_least" until:"2.87"`
	Running   int               `json:"running_vms" until:"2.87"`
	Workload  int               `json:"current_workload" until:"2.87"`
	Uptime    *string           `json:"uptime" since:"2.88"`
}

type hypervisorService struct {
	ID     any     `json:"id"`
	Host   string  `json:"host"`
	Reason *string `json:"disabled_reason"`
}

func hostNumber(ctx context.Context, h *view.Host) any {
	if api.From(ctx).Version.Before(2, 53) {
		return h.Number
	}
	return h.ID
}

func showHypervisorItem(ctx context.Context, h view.Host) hypervisorItem {
	out := hypervisorItem{ID: hostNumber(ctx, &h), Hostname: h.Name, State: "down", Status: "enabled"}
	if h.Alive() {
		out.State = "up"
	}
	if h.Disabled {
		out.Status = "disabled"
	}
	return out
}

func showHypervisor(ctx context.Context, h view.Host) hypervisor {
	out := hypervisor{
		hypervisorItem: showHypervisorItem(ctx, h), Service: hypervisorService{hostNumber(ctx, &h), h.Name, text(h.DisabledReason)},
		HostIP: h.HostIP, Type: h.Type, Version: h.Version, VCPUs: h.VCPUs, VCPUsUsed: h.Used.VCPUs, RAM: h.RAMMiB, RAMUsed: h.Used.RAMMiB,
		RAMFree: h.RAMMiB - h.Used.RAMMiB, Disk: h.DiskGiB, DiskUsed: h.Used.DiskGiB, DiskFree: h.DiskGiB - h.Used.DiskGiB,
		DiskLeast: h.DiskGiB - h.Used.DiskGiB, Running: h.Used.Servers,
		CPUInfo: map[string]string{"arch": h.Arch, "model": h.CPUModel},
	}
	if api.From(ctx).Version.Before(2, 28) {
		out.CPUInfo = `{"arch": ` + strconv.Quote(h.Arch) + `, "model": ` + strconv.Quote(h.CPUModel) + `}`
	}
	return out
}

type (
	listHypervisorsIn struct {
		api.Paging
		Pattern string `query:"hypervisor_hostname_pattern" maxLength:"255" since:"2.53"`
		Servers string `query:"with_servers" since:"2.53"`
	}
	hypervisorsOut[T any] struct {
		Body struct {
			Hypervisors []T        `json:"hypervisors"`
			Links       []api.Link `json:"hypervisors_links,omitempty" since:"2.33"`
		}
	}
	hypervisorID struct {
		ID string `path:"id" maxLength:"255"`
	}
	hypervisorOut struct {
		Body struct {
			Hypervisor hypervisor `json:"hypervisor"`
		}
	}
)

// pageOfHosts goes through hosts by name, which is how they are kept.
func pageOfHosts(ctx context.Context, in *listHypervisorsIn) (page []view.Host, links []api.Link, err error) {
	size, err := in.Size(ctx)
	if err != nil {
		return nil, nil, err
	}
	w, from := api.World(ctx), ""
	if api.From(ctx).Version.Before(2, 33) {
		size = maxLooked
	} else if in.Marker != "" {
		h, ok := hostOf(w, in.Marker)
		if !ok {
			return nil, nil, api.BadMarker(in.Marker)
		}
		from = h.Name + "\x00"
	}
	fits, err := pattern("(?i)" + regexp.QuoteMeta(in.Pattern))
	if err != nil {
		return nil, nil, err
	}
	for _, h := range w.Compute.Hosts.From(from) {
		if len(page) == size {
			if size > 0 {
				links = api.Next(ctx, true, page[size-1].ID)
			}
			break
		}
		if fits.MatchString(h.Name) {
			page = append(page, h)
		}
	}
	return page, links, nil
}

// hostOf finds a host by the id or the number of its hypervisor.
func hostOf(w *projections.World, id string) (view.Host, bool) {
	if h, ok := w.Compute.Hosts.WithID(id); ok {
		return h, true
	}
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return view.Host{}, false
	}
	for _, h := range w.Compute.Hosts.All() {
		if h.Number == n {
			return h, true
		}
	}
	return view.Host{}, false
}

func (s *Service) listHypervisors(ctx context.Context, in *listHypervisorsIn) (*hypervisorsOut[hypervisorItem], error) {
	page, links, err := pageOfHosts(ctx, in)
	out := &hypervisorsOut[hypervisorItem]{}
	out.Body.Links = links
	for _, h := range page {
		item := showHypervisorItem(ctx, h)
		if with, _ := api.ParseBool(in.Servers); with {
			item.Servers = serversOn(ctx, h.Name)
		}
		out.Body.Hypervisors = append(out.Body.Hypervisors, item)
	}
	return out, err
}

func serversOn(ctx context.Context, host string) *[]hypervisorServer {
	var on []hypervisorServer
	for id, s := range api.World(ctx).Compute.Servers.OfHost(host) {
		on = append(on, hypervisorServer{id, s.Name})
	}
	if on == nil {
		return nil
	}
	return &on
}

func (s *Service) listHypervisorsDetail(ctx context.Context, in *listHypervisorsIn) (*hypervisorsOut[hypervisor], error) {
	page, links, err := pageOfHosts(ctx, in)
	out := &hypervisorsOut[hypervisor]{}
	out.Body.Links = links
	for _, h := range page {
		one := showHypervisor(ctx, h)
		if with, _ := api.ParseBool(in.Servers); with {
			one.Servers = serversOn(ctx, h.Name)
		}
		out.Body.Hypervisors = append(out.Body.Hypervisors, one)
	}
	return out, err
}

func (s *Service) showHypervisor(ctx context.Context, in *hypervisorID) (*hypervisorOut, error) {
	h, ok := hostOf(api.World(ctx), in.ID)
	if !ok {
		return nil, commands.Refuse(commands.NotFound, "Hypervisor with ID '%s' could not be found.", in.ID)
	}
	out := &hypervisorOut{}
	out.Body.Hypervisor = showHypervisor(ctx, h)
	return out, nil
}

// hypervisorUptime says, as Nova does for drivers that can't tell, that it isn't
// known: hosts report what has changed, not gauges.
func (s *Service) hypervisorUptime(ctx context.Context, in *hypervisorID) (*hypervisorOut, error) {
	if _, ok := hostOf(api.World(ctx), in.ID); !ok {
		return nil, commands.Refuse(commands.NotFound, "Hypervisor with ID '%s' could not be found.", in.ID)
	}
	return nil, api.Fail(http.StatusNotImplemented, "Virt driver does not implement uptime function.")
}

// searchHypervisors finds hypervisors by a part of their names.
func (s *Service) searchHypervisors(ctx context.Context, in *hypervisorID) (*hypervisorsOut[hypervisorItem], error) {
	page, _, err := pageOfHosts(ctx, &listHypervisorsIn{Pattern: in.ID})
	if err == nil && len(page) == 0 {
		err = commands.Refuse(commands.NotFound, "No hypervisor matching '%s' could be found.", in.ID)
	}
	out := &hypervisorsOut[hypervisorItem]{}
	for _, h := range page {
		out.Body.Hypervisors = append(out.Body.Hypervisors, showHypervisorItem(ctx, h))
	}
	return out, err
}

// hypervisorOfOld is what was shown with its servers when these were asked for
// under a path of their own.
type hypervisorOfOld struct {
	hypervisorItem
	On *[]hypervisorServer `json:"servers,omitempty"`
}

func (s *Service) hypervisorServers(ctx context.Context, in *hypervisorID) (*hypervisorsOut[hypervisorOfOld], error) {
	page, _, err := pageOfHosts(ctx, &listHypervisorsIn{Pattern: in.ID})
	if err == nil && len(page) == 0 {
		err = commands.Refuse(commands.NotFound, "No hypervisor matching '%s' could be found.", in.ID)
	}
	out := &hypervisorsOut[hypervisorOfOld]{}
	for _, h := range page {
		out.Body.Hypervisors = append(out.Body.Hypervisors, hypervisorOfOld{showHypervisorItem(ctx, h), serversOn(ctx, h.Name)})
	}
	return out, err
}

type statisticsOut struct {
	Body struct {
		Statistics struct {
			Count     int `json:"count"`
			VCPUs     int `json:"vcpus"`
			VCPUsUsed int `json:"vcpus_used"`
			RAM       int `json:"memory_mb"`
			RAMUsed   int `json:"memory_mb_used"`
			RAMFree   int `json:"free_ram_mb"`
			Disk      int `json:"local_gb"`
			DiskUsed  int `json:"local_gb_used"`
			DiskFree  int `json:"free_disk_gb"`
			DiskLeast int `json:"disk_available_least"`
			Running   int `json:"running_vms"`
			Workload  int `json:"current_workload"`
		} `json:"hypervisor_statistics"`
	}
}

func (s *Service) hypervisorStatistics(ctx context.Context, _ *nothing) (*statisticsOut, error) {
	t, out := api.World(ctx).Compute.Hosts.Totals(), &statisticsOut{}
	o := &out.Body.Statistics
	o.Count, o.VCPUs, o.VCPUsUsed, o.Running = t.Hosts, t.VCPUs, t.Used.VCPUs, t.Used.Servers
	o.RAM, o.RAMUsed, o.RAMFree = t.RAMMiB, t.Used.RAMMiB, t.RAMMiB-t.Used.RAMMiB
	o.Disk, o.DiskUsed, o.DiskFree, o.DiskLeast = t.DiskGiB, t.Used.DiskGiB, t.DiskGiB-t.Used.DiskGiB, t.DiskGiB-t.Used.DiskGiB
	return out, nil
}

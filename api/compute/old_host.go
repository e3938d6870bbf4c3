package compute

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	view "skylog/projections/compute"
)

// mountOldHosts mounts hosts as they were asked for until 2.42.
func (s *Service) mountOldHosts(a huma.API) {
	const path, rule = "/os-hosts", "os_compute_api:os-hosts:"
	old := api.Between("", "2.42")
	api.Handle(a, "GET "+path, rule+"list", http.StatusOK, s.listOldHosts, old)
	api.Handle(a, "GET "+path+"/{id}", rule+"show", http.StatusOK, s.showOldHost, old)
	api.Handle(a, "PUT "+path+"/{id}", rule+"update", http.StatusOK, s.updateOldHost, old)
	for _, action := range []string{"reboot", "shutdown", "startup"} {
		api.Handle(a, "GET "+path+"/{id}/"+action, rule+action, http.StatusOK, s.powerOldHost, old)
	}
}

type oldHost struct {
	Name    string `json:"host_name"`
	Service string `json:"service"`
	Zone    string `json:"zone"`
}

// oldHostPart is what a host has, or uses for something.
type oldHostPart struct {
	Resource struct {
		Host    string `json:"host"`
		Project string `json:"project"`
		CPU     int    `json:"cpu"`
		RAM     int    `json:"memory_mb"`
		Disk    int    `json:"disk_gb"`
	} `json:"resource"`
}

type (
	listOldHostsIn struct {
		Zone    string `query:"zone" maxLength:"255"`
		Service string `query:"service" maxLength:"255"`
	}
	oldHostsOut struct {
		Body struct {
			Hosts []oldHost `json:"hosts"`
		}
	}
	oldHostName struct {
		ID string `path:"id" maxLength:"255"`
	}
	oldHostOut struct {
		Body struct {
			Host []oldHostPart `json:"host"`
		}
	}
	updateOldHostIn struct {
		ID   string `path:"id" maxLength:"255"`
		Body struct {
			Status      string `json:"status,omitempty" enum:"enable,disable,Enable,Disable"`
			Maintenance string `json:"maintenance_mode,omitempty" enum:"enable,disable,Enable,Disable"`
		}
	}
	changedOldHostOut struct {
		Body struct {
			Host   string `json:"host"`
			Status string `json:"status"`
		}
	}
)

func (s *Service) listOldHosts(ctx context.Context, in *listOldHostsIn) (*oldHostsOut, error) {
	out := &oldHostsOut{}
	if in.Service != "" && in.Service != "compute" {
		return out, nil
	}
	for _, h := range api.World(ctx).Compute.Hosts.All() {
		if len(out.Body.Hosts) == maxLooked {
			break
		}
		if in.Zone == "" || in.Zone == h.InZone() {
			out.Body.Hosts = append(out.Body.Hosts, oldHost{h.Name, "compute", h.InZone()})
		}
	}
	return out, nil
}

func findOldHost(ctx context.Context, name string) (view.Host, error) {
	h, ok := api.World(ctx).Compute.Hosts.Get(name)
	if !ok {
		return h, commands.Refuse(commands.NotFound, "Compute host %s could not be found.", name)
	}
	return h, nil
}

// showOldHost shows what a host has, what is used, what all servers may use at
// most, and what those of each project do.
func (s *Service) showOldHost(ctx context.Context, in *oldHostName) (*oldHostOut, error) {
	h, err := findOldHost(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &oldHostOut{}
	add := func(project string, cpu, ram, disk int) {
		var p oldHostPart
		p.Resource.Host, p.Resource.Project, p.Resource.CPU, p.Resource.RAM, p.Resource.Disk = h.Name, project, cpu, ram, disk
		out.Body.Host = append(out.Body.Host, p)
	}
	add("(total)", h.VCPUs, h.RAMMiB, h.DiskGiB)
	add("(used_now)", h.Used.VCPUs, h.Used.RAMMiB, h.Used.DiskGiB)
	add("(used_max)", h.Used.VCPUs, h.Used.RAMMiB, h.Used.DiskGiB)
	var projects []string
	uses := map[string]view.Usage{}
	for _, one := range api.World(ctx).Compute.Servers.OfHost(h.Name) {
		u, seen := uses[one.ProjectID]
		if !seen {
			projects = append(projects, one.ProjectID)
		}
		more := view.UsageOf(&one.Flavor)
		uses[one.ProjectID] = view.Usage{VCPUs: u.VCPUs + more.VCPUs, RAMMiB: u.RAMMiB + more.RAMMiB, DiskGiB: u.DiskGiB + more.DiskGiB}
	}
	for _, p := range projects {
		add(p, uses[p].VCPUs, uses[p].RAMMiB, uses[p].DiskGiB)
	}
	return out, nil
}

func (s *Service) updateOldHost(ctx context.Context, in *updateOldHostIn) (*changedOldHostOut, error) {
	h, err := findOldHost(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &changedOldHostOut{}
	var c commands.Command = cmd.EnableHost{Name: h.Name}
	out.Body.Host, out.Body.Status = h.Name, "enabled"
	switch in.Body.Status {
	case "":
		if in.Body.Maintenance == "" {
			return nil, commands.Refuse(commands.Invalid, "Invalid input received: {} does not have enough properties")
		}
		return nil, api.Fail(http.StatusNotImplemented, "Virt driver does not implement host maintenance mode.")
	case "disable", "Disable":
		c, out.Body.Status = cmd.DisableHost{Name: h.Name}, "disabled"
	}
	_, err = s.Do(ctx, c)
	return out, err
}

// powerOldHost says that hosts are not switched from here, as Nova does for
// drivers that can't.
func (s *Service) powerOldHost(ctx context.Context, in *oldHostName) (*changedOldHostOut, error) {
	if _, err := findOldHost(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, api.Fail(http.StatusNotImplemented, "Virt driver does not implement host power management.")
}

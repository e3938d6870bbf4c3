package compute

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	cmd "skylog/commands/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

func (s *Service) mountQuotas(a huma.API) {
	const path, rule = "/os-quota-sets/{id}", "os_compute_api:os-quota-sets:"
	api.Handle(a, "GET "+path, rule+"show", http.StatusOK, s.showQuota)
	api.Handle(a, "GET "+path+"/defaults", api.Authenticated, http.StatusOK, s.defaultQuota)
	api.Handle(a, "GET "+path+"/detail", rule+"detail", http.StatusOK, s.detailQuota)
	api.Handle(a, "PUT "+path, rule+"update", http.StatusOK, s.updateQuota)
	api.Handle(a, "DELETE "+path, rule+"delete", http.StatusAccepted, s.deleteQuota)
	api.Handle(a, "GET /limits", "os_compute_api:limits", http.StatusOK, s.showLimits)
}

// quotaSet has one value for each resource: a number, or a quotaUse.
type quotaSet[T any] struct {
	ID            string `json:"id,omitempty"`
	Instances     T      `json:"instances"`
	Cores         T      `json:"cores"`
	RAM           T      `json:"ram"`
	MetadataItems T      `json:"metadata_items"`
	KeyPairs      T      `json:"key_pairs"`
	ServerGroups  T      `json:"server_groups"`
	GroupMembers  T      `json:"server_group_members"`
	InjectedFiles T      `json:"injected_files" until:"2.56"`
	InjectedBytes T      `json:"injected_file_content_bytes" until:"2.56"`
	InjectedPaths T      `json:"injected_file_path_bytes" until:"2.56"`
	FixedIPs      T      `json:"fixed_ips" until:"2.35"`
	FloatingIPs   T      `json:"floating_ips" until:"2.35"`
	Groups        T      `json:"security_groups" until:"2.35"`
	GroupRules    T      `json:"security_group_rules" until:"2.35"`
}

type quotaUse struct {
	Limit    int `json:"limit"`
	InUse    int `json:"in_use"`
	Reserved int `json:"reserved"`
}

type (
	projectID struct {
		ID string `path:"id" maxLength:"255"`
	}
	quotaOut[T any] struct {
		Body struct {
			QuotaSet quotaSet[T] `json:"quota_set"`
		}
	}
)

// fillQuota asks of for each resource. What is the network's to limit is -1.
func fillQuota[T any](id string, of func(resource string) T) (out quotaSet[T]) {
	return quotaSet[T]{
		ID: id, Instances: of("instances"), Cores: of("cores"), RAM: of("ram"), MetadataItems: of("metadata_items"), KeyPairs: of("key_pairs"),
		ServerGroups: of("server_groups"), GroupMembers: of("server_group_members"), InjectedFiles: of("injected_files"),
		InjectedBytes: of("injected_file_content_bytes"), InjectedPaths: of("injected_file_path_bytes"),
		FixedIPs: of("fixed_ips"), FloatingIPs: of("floating_ips"), Groups: of("security_groups"), GroupRules: of("security_group_rules"),
	}
}

func limitOf(w *projections.World, project, resource string) int {
	if _, ours := view.DefaultQuota[resource]; !ours {
		return -1
	}
	return w.Compute.Quotas.Limit(project, resource)
}

func usedOf(w *projections.World, project, resource string) int {
	used := w.Compute.Servers.UsageOf(project)
	switch resource {
	case "instances":
		return used.Servers
	case "cores":
		return used.VCPUs
	case "ram":
		return used.RAMMiB
	case "server_groups":
		return w.Compute.ServerGroups.CountOf(project)
	}
	return 0
}

func (s *Service) showQuota(ctx context.Context, in *projectID) (*quotaOut[int], error) {
	if err := api.Allow(ctx, api.Target{ProjectID: in.ID}); err != nil {
		return nil, api.Fail(http.StatusForbidden, "Policy doesn't allow os_compute_api:os-quota-sets:show to be performed.")
	}
	out := &quotaOut[int]{}
	out.Body.QuotaSet = fillQuota(in.ID, func(r string) int { return limitOf(api.World(ctx), in.ID, r) })
	return out, nil
}

func (s *Service) defaultQuota(ctx context.Context, in *projectID) (*quotaOut[int], error) {
	out := &quotaOut[int]{}
	out.Body.QuotaSet = fillQuota(in.ID, func(r string) int { return limitOf(api.World(ctx), "", r) })
	return out, nil
}

func (s *Service) detailQuota(ctx context.Context, in *projectID) (*quotaOut[quotaUse], error) {
	if err := api.Allow(ctx, api.Target{ProjectID: in.ID}); err != nil {
		return nil, api.Fail(http.StatusForbidden, "Policy doesn't allow os_compute_api:os-quota-sets:detail to be performed.")
	}
	w, out := api.World(ctx), &quotaOut[quotaUse]{}
	out.Body.QuotaSet = fillQuota(in.ID, func(r string) quotaUse {
		return quotaUse{Limit: limitOf(w, in.ID, r), InUse: usedOf(w, in.ID, r)}
	})
	return out, nil
}

// QuotaLimits are limits as they are sent.
type QuotaLimits struct {
	Instances     *api.Int `json:"instances,omitempty"`
	Cores         *api.Int `json:"cores,omitempty"`
	RAM           *api.Int `json:"ram,omitempty"`
	MetadataItems *api.Int `json:"metadata_items,omitempty"`
	KeyPairs      *api.Int `json:"key_pairs,omitempty"`
	ServerGroups  *api.Int `json:"server_groups,omitempty"`
	GroupMembers  *api.Int `json:"server_group_members,omitempty"`
	InjectedFiles *api.Int `json:"injected_files,omitempty" until:"2.56"`
	InjectedBytes *api.Int `json:"injected_file_content_bytes,omitempty" until:"2.56"`
	InjectedPaths *api.Int `json:"injected_file_path_bytes,omitempty" until:"2.56"`
	FixedIPs      *api.Int `json:"fixed_ips,omitempty" until:"2.35"`
	FloatingIPs   *api.Int `json:"floating_ips,omitempty" until:"2.35"`
	Groups        *api.Int `json:"security_groups,omitempty" until:"2.35"`
	GroupRules    *api.Int `json:"security_group_rules,omitempty" until:"2.35"`
}

// limits are those by name that are this service's to hold. Those that are the
// network's are taken and change nothing, as in a Nova with Neutron.
func (q *QuotaLimits) limits() (map[string]int, error) {
	limits := map[string]int{}
	for name, limit := range map[string]*api.Int{
		"instances": q.Instances, "cores": q.Cores, "ram": q.RAM, "metadata_items": q.MetadataItems, "key_pairs": q.KeyPairs,
		"server_groups": q.ServerGroups, "server_group_members": q.GroupMembers, "injected_files": q.InjectedFiles,
		"injected_file_content_bytes": q.InjectedBytes, "injected_file_path_bytes": q.InjectedPaths,
	} {
		if limit == nil {
			continue
		}
		if *limit < -1 || *limit > maxInt {
			return nil, api.Fail(http.StatusBadRequest, "Invalid input for field/attribute %s. Value: %d. It must be -1 to %d.", name, *limit, maxInt)
		}
		limits[name] = int(*limit)
	}
	return limits, nil
}

type updateQuotaIn struct {
	ID   string `path:"id" maxLength:"255"`
	Body struct {
		QuotaSet struct {
			QuotaLimits
			Force api.Bool `json:"force,omitempty"`
		} `json:"quota_set"`
	}
}

func (s *Service) updateQuota(ctx context.Context, in *updateQuotaIn) (*quotaOut[int], error) {
	limits, err := in.Body.QuotaSet.limits()
	if err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, cmd.SetQuota{ProjectID: in.ID, Limits: limits, Force: bool(in.Body.QuotaSet.Force)})
	if err != nil {
		return nil, err
	}
	out := &quotaOut[int]{}
	out.Body.QuotaSet = fillQuota("", func(r string) int { return limitOf(w, in.ID, r) })
	return out, nil
}

func (s *Service) deleteQuota(ctx context.Context, in *projectID) (*api.Empty, error) {
	_, err := s.Do(ctx, cmd.ResetQuota{ProjectID: in.ID})
	return &api.Empty{Status: http.StatusAccepted}, err
}

type limits struct {
	MaxTotalInstances      int `json:"maxTotalInstances"`
	MaxTotalCores          int `json:"maxTotalCores"`
	MaxTotalRAMSize        int `json:"maxTotalRAMSize"`
	MaxTotalKeypairs       int `json:"maxTotalKeypairs"`
	MaxServerMeta          int `json:"maxServerMeta"`
	MaxServerGroups        int `json:"maxServerGroups"`
	MaxServerGroupMembers  int `json:"maxServerGroupMembers"`
	TotalInstancesUsed     int `json:"totalInstancesUsed"`
	TotalCoresUsed         int `json:"totalCoresUsed"`
	TotalRAMUsed           int `json:"totalRAMUsed"`
	TotalServerGroupsUsed  int `json:"totalServerGroupsUsed"`
	MaxImageMeta           int `json:"maxImageMeta" until:"2.38"`
	MaxPersonality         int `json:"maxPersonality" until:"2.56"`
	MaxPersonalitySize     int `json:"maxPersonalitySize" until:"2.56"`
	MaxSecurityGroups      int `json:"maxSecurityGroups" until:"2.35"`
	MaxSecurityGroupRules  int `json:"maxSecurityGroupRules" until:"2.35"`
	MaxTotalFloatingIPs    int `json:"maxTotalFloatingIps" until:"2.35"`
	TotalFloatingIPsUsed   int `json:"totalFloatingIpsUsed" until:"2.35"`
	TotalSecurityGroupsUse int `json:"totalSecurityGroupsUsed" until:"2.35"`
}

type (
	limitsIn struct {
		TenantID string `query:"tenant_id" maxLength:"255"`
	}
	limitsOut struct {
		Body struct {
			Limits struct {
				Rate     []string `json:"rate"`
				Absolute limits   `json:"absolute"`
			} `json:"limits"`
		}
	}
)

func (s *Service) showLimits(ctx context.Context, in *limitsIn) (*limitsOut, error) {
	w, project := api.World(ctx), api.From(ctx).ProjectID
	if in.TenantID != "" && in.TenantID != project {
		if err := api.AllowRule(ctx, "os_compute_api:limits:other_project", api.Target{}); err != nil {
			return nil, err
		}
		project = in.TenantID
	}
	of := func(r string) int { return limitOf(w, project, r) }
	used, out := w.Compute.Servers.UsageOf(project), &limitsOut{}
	out.Body.Limits.Absolute = limits{
		MaxTotalInstances: of("instances"), MaxTotalCores: of("cores"), MaxTotalRAMSize: of("ram"), MaxTotalKeypairs: of("key_pairs"),
		MaxServerMeta: of("metadata_items"), MaxServerGroups: of("server_groups"), MaxServerGroupMembers: of("server_group_members"),
		TotalServerGroupsUsed: w.Compute.ServerGroups.CountOf(project), TotalInstancesUsed: used.Servers, TotalCoresUsed: used.VCPUs, TotalRAMUsed: used.RAMMiB,
		MaxImageMeta: of("metadata_items"), MaxPersonality: of("injected_files"), MaxPersonalitySize: of("injected_file_content_bytes"),
		MaxSecurityGroups: -1, MaxSecurityGroupRules: -1, MaxTotalFloatingIPs: -1,
	}
	return out, nil
}

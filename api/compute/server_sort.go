package compute

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"skylog/api"
	"skylog/commands"
	view "skylog/projections/compute"
)

// serverSorts are the keys that servers can be sorted by.
var serverSorts = map[string]func(a, b *view.Server) int{
	"created_at":          func(a, b *view.Server) int { return a.CreatedAt.Compare(b.CreatedAt) },
	"updated_at":          func(a, b *view.Server) int { return a.UpdatedAt.Compare(b.UpdatedAt) },
	"launched_at":         func(a, b *view.Server) int { return a.LaunchedAt.Compare(b.LaunchedAt) },
	"terminated_at":       func(a, b *view.Server) int { return a.EndedAt.Compare(b.EndedAt) },
	"display_name":        byText(func(s *view.Server) string { return s.Name }),
	"display_description": byText(func(s *view.Server) string { return s.Description }),
	"hostname":            byText(func(s *view.Server) string { return s.Hostname }),
	"uuid":                byText(func(s *view.Server) string { return s.ID }),
	"vm_state":            byText(func(s *view.Server) string { return s.VMState }),
	"task_state":          byText(func(s *view.Server) string { return s.TaskState }),
	"host":                byText(func(s *view.Server) string { return s.Host }),
	"node":                byText(func(s *view.Server) string { return s.Host }),
	"user_id":             byText(func(s *view.Server) string { return s.UserID }),
	"project_id":          byText(func(s *view.Server) string { return s.ProjectID }),
	"image_ref":           byText(func(s *view.Server) string { return s.Image.ID }),
	"instance_type_id":    byText(func(s *view.Server) string { return s.Flavor.ID }),
	"key_name":            byText(func(s *view.Server) string { return s.KeyName }),
	"availability_zone":   byText(func(s *view.Server) string { return s.Zone }),
	"access_ip_v4":        byText(func(s *view.Server) string { return s.AccessIPv4 }),
	"access_ip_v6":        byText(func(s *view.Server) string { return s.AccessIPv6 }),
	"auto_disk_config":    byText(func(s *view.Server) string { return s.DiskConfig }),
	"config_drive":        byText(configDrive),
	"locked_by":           byText(lockedBy),
	"locked":              byText(func(s *view.Server) string { return oneIf(s.Locked) }),
	"power_state":         func(a, b *view.Server) int { return cmp.Compare(a.PowerState, b.PowerState) },
	"launch_index":        func(a, b *view.Server) int { return cmp.Compare(a.LaunchIndex, b.LaunchIndex) },
	// These are the same of all servers.
	"kernel_id": sameOfAll, "ramdisk_id": sameOfAll, "progress": sameOfAll, "root_device_name": sameOfAll,
}

func byText(of func(*view.Server) string) func(a, b *view.Server) int {
	return func(a, b *view.Server) int { return strings.Compare(of(a), of(b)) }
}

func sameOfAll(a, b *view.Server) int { return 0 }

// ignoredSorts are keys that once could be sorted by, which until 2.74 are passed
// over and since are refused.
var ignoredSorts = []string{"architecture", "cell_name", "cleaned", "default_ephemeral_device", "default_swap_device", "deleted", "deleted_at",
	"disable_terminate", "ephemeral_gb", "ephemeral_key_uuid", "id", "key_data", "launched_on", "locked", "memory_mb", "os_type", "reservation_id",
	"root_gb", "shutdown_terminate", "user_data", "vcpus", "vm_mode"}

// maxServerSorts is how many keys a list is sorted by.
const maxServerSorts = 8

// serverSortsOf reads sort_key and sort_dir as Nova does: a key without a
// direction has the first one that was sent, which without any is down.
func serverSortsOf(ctx context.Context) (sorts []api.Sort, err error) {
	query, version := api.Query(ctx), api.From(ctx).Version
	keys, dirs := query["sort_key"], query["sort_dir"]
	if len(keys) > maxServerSorts {
		return nil, commands.Refuse(commands.Invalid, "A list can be sorted by %d keys at most.", maxServerSorts)
	}
	for _, d := range dirs {
		if d != "asc" && d != "desc" {
			return nil, commands.Refuse(commands.Invalid, "Unknown sort direction, must be one of: asc, desc")
		}
	}
	if len(dirs) > max(len(keys), 1) {
		return nil, commands.Refuse(commands.Invalid, "Sort direction size exceeds sort key size")
	}
	usual := len(dirs) == 0 || dirs[0] == "desc"
	for i, key := range keys {
		ignored := slices.Contains(ignoredSorts, key) && (key != "locked" || version.Before(2, 73))
		switch {
		case ignored && version.Before(2, 75):
			continue
		case serverSorts[key] == nil || ignored:
			return nil, commands.Refuse(commands.Invalid, "Invalid input for query parameters sort_key. Value: %.40s. It can't be sorted by.", key)
		case (key == "host" || key == "node") && !isAdmin(ctx):
			return nil, commands.Refuse(commands.Forbidden, "Only administrators can sort servers by %s", key)
		}
		s := api.Sort{Key: key, Desc: usual}
		if i < len(dirs) {
			s.Desc = dirs[i] == "desc"
		}
		sorts = append(sorts, s)
	}
	if len(sorts) == 0 {
		sorts = append(sorts, api.Sort{Key: "created_at", Desc: usual})
	}
	return sorts, nil
}

package compute

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
	"skylog/projections"
	view "skylog/projections/compute"
)

func (s *Service) mountFlavors(a huma.API) {
	const path, manage = "/flavors", "os_compute_api:os-flavor-manage:"
	api.Handle(a, "GET "+path, api.Authenticated, http.StatusOK, s.listFlavors)
	api.Handle(a, "GET "+path+"/detail", api.Authenticated, http.StatusOK, s.listFlavorsDetail)
	api.Handle(a, "POST "+path, manage+"create", http.StatusOK, s.createFlavor)
	api.Handle(a, "GET "+path+"/{id}", api.Authenticated, http.StatusOK, s.showFlavor)
	api.Handle(a, "PUT "+path+"/{id}", manage+"update", http.StatusOK, s.updateFlavor, api.Between("2.55", ""))
	api.Handle(a, "DELETE "+path+"/{id}", manage+"delete", http.StatusAccepted, s.deleteFlavor)
}

type createFlavor struct {
	Name        string   `json:"name" minLength:"1" maxLength:"255"`
	ID          *string  `json:"id,omitempty" maxLength:"255"`
	RAM         api.Int  `json:"ram"`
	VCPUs       api.Int  `json:"vcpus"`
	Disk        api.Int  `json:"disk"`
	Ephemeral   api.Int  `json:"OS-FLV-EXT-DATA:ephemeral,omitempty"`
	Swap        api.Int  `json:"swap,omitempty"`
	RxTxFactor  any      `json:"rxtx_factor,omitempty"`
	Public      api.Bool `json:"os-flavor-access:is_public,omitempty"`
	Description *string  `json:"description,omitempty" maxLength:"65535" since:"2.55"`
}

type flavorItem struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Links       []api.Link `json:"links"`
	Description *string    `json:"description" since:"2.55"`
}

type flavor struct {
	flavorItem
	RAM        int     `json:"ram"`
	VCPUs      int     `json:"vcpus"`
	Disk       int     `json:"disk"`
	Swap       any     `json:"swap"` // "" for none, until 2.74
	Ephemeral  int     `json:"OS-FLV-EXT-DATA:ephemeral"`
	Disabled   bool    `json:"OS-FLV-DISABLED:disabled"`
	Public     bool    `json:"os-flavor-access:is_public"`
	RxTxFactor float64 `json:"rxtx_factor"`
	// ExtraSpecs is nil for those who may not see them.
	ExtraSpecs *map[string]string `json:"extra_specs,omitempty" since:"2.61"`
}

type oneFlavor[T any] struct {
	Flavor T `json:"flavor"`
}

type (
	flavorID struct {
		ID string `path:"id" maxLength:"255"`
	}
	flavorOut      struct{ Body oneFlavor[flavor] }
	createFlavorIn struct {
		Body struct {
			Flavor createFlavor `json:"flavor"`
		}
	}
	updateFlavorIn struct {
		ID   string `path:"id" maxLength:"255"`
		Body oneFlavor[struct {
			Description *string `json:"description" maxLength:"65535" nullable:"true"`
		}]
	}
	listFlavorsIn struct {
		api.Paging
		Public  string `query:"is_public"`
		MinRAM  string `query:"minRam"`
		MinDisk string `query:"minDisk"`
	}
	flavorsOut[T any] struct {
		Body struct {
			Flavors []T        `json:"flavors"`
			Links   []api.Link `json:"flavors_links,omitempty"`
		}
	}
)

func flavorLinks(ctx context.Context, id string) []api.Link {
	return []api.Link{
		{Rel: "self", Href: api.Root(ctx) + "/flavors/" + id},
		{Rel: "bookmark", Href: api.Base(ctx) + "/compute/flavors/" + id},
	}
}

func showFlavorItem(ctx context.Context, f view.Flavor) flavorItem {
	item := flavorItem{ID: f.ID, Name: f.Name, Links: flavorLinks(ctx, f.ID)}
	if f.Description != "" {
		item.Description = &f.Description
	}
	return item
}

func showFlavor(ctx context.Context, f view.Flavor) flavor {
	out := flavor{
		flavorItem: showFlavorItem(ctx, f), RAM: f.RAMMiB, VCPUs: f.VCPUs, Disk: f.DiskGiB, Swap: f.SwapMiB,
		Ephemeral: f.EphemeralGiB, Public: f.Public, RxTxFactor: f.RxTxFactor,
	}
	if f.SwapMiB == 0 && api.From(ctx).Version.Before(2, 75) {
		out.Swap = ""
	}
	if mayShowSpecs(ctx) {
		out.ExtraSpecs = &f.ExtraSpecs
	}
	return out
}

func mayShowSpecs(ctx context.Context) bool {
	return api.Can(ctx, "os_compute_api:os-flavor-extra-specs:index", api.Target{ProjectID: api.From(ctx).ProjectID})
}

func isAdmin(ctx context.Context) bool { return api.Can(ctx, "context_is_admin", api.Target{}) }

// usable says whether the caller's project may use a flavor; administrators see all.
func usable(ctx context.Context, w *projections.World, f *view.Flavor) bool {
	return f.Public || w.Compute.Access.Has(view.Access{FlavorID: f.ID, ProjectID: api.From(ctx).ProjectID})
}

func flavorMissing(id string) error {
	return commands.Refuse(commands.NotFound, "Flavor %s could not be found.", id)
}

// seenFlavor is the flavor of an id, if the caller may see it.
func seenFlavor(ctx context.Context, id string) (view.Flavor, error) {
	w := api.World(ctx)
	f, ok := w.Compute.Flavors.Get(id)
	if !ok || !usable(ctx, w, &f) && !isAdmin(ctx) {
		return f, flavorMissing(id)
	}
	return f, nil
}

func (s *Service) showFlavor(ctx context.Context, in *flavorID) (*flavorOut, error) {
	f, err := seenFlavor(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &flavorOut{oneFlavor[flavor]{showFlavor(ctx, f)}}, nil
}

func (s *Service) createFlavor(ctx context.Context, in *createFlavorIn) (*flavorOut, error) {
	want := in.Body.Flavor
	c := cmd.CreateFlavor{
		Name: strings.TrimSpace(want.Name), VCPUs: int(want.VCPUs), RAMMiB: int(want.RAM), DiskGiB: int(want.Disk),
		EphemeralGiB: int(want.Ephemeral), SwapMiB: int(want.Swap), RxTxFactor: 1, Public: true,
	}
	if want.ID != nil && *want.ID != "auto" {
		c.ID = *want.ID
	}
	if c.ID == "" {
		c.ID = api.NewID(ctx)
	}
	if api.Sent(ctx, "flavor", "os-flavor-access:is_public") {
		c.Public = bool(want.Public)
	}
	if want.Description != nil {
		c.Description = *want.Description
	}
	if err := checkFlavor(&c, want.RxTxFactor); err != nil {
		return nil, err
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	f, _ := w.Compute.Flavors.Get(c.ID)
	return &flavorOut{oneFlavor[flavor]{showFlavor(ctx, f)}}, nil
}

// maxInt is the largest number Nova keeps (db constants, MAX_INT).
const maxInt = 0x7fffffff

func checkFlavor(c *cmd.CreateFlavor, rxtx any) error {
	for _, f := range []struct {
		name     string
		n, least int
	}{{"ram", c.RAMMiB, 1}, {"vcpus", c.VCPUs, 1}, {"disk", c.DiskGiB, 0}, {"OS-FLV-EXT-DATA:ephemeral", c.EphemeralGiB, 0}, {"swap", c.SwapMiB, 0}} {
		if f.n < f.least || f.n > maxInt {
			return commands.Refuse(commands.Invalid, "Invalid input for field/attribute %s. Value: %d. It must be %d to %d.", f.name, f.n, f.least, maxInt)
		}
	}
	if c.Name == "" {
		return commands.Refuse(commands.Invalid, "Invalid input for field/attribute name. It can't be blank.")
	}
	if strings.TrimSpace(c.ID) != c.ID || strings.ContainsFunc(c.ID, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(". -_", r))
	}) {
		return commands.Refuse(commands.Invalid, "Invalid input for field/attribute id. Value: %s. id can only contain letters from A-Z (both cases), digits, periods, dashes, underscores and spaces.", c.ID)
	}
	switch r := rxtx.(type) {
	case nil:
		return nil
	case float64:
		c.RxTxFactor = r
	case string:
		n, err := strconv.ParseFloat(r, 64)
		if err != nil {
			n = -1
		}
		c.RxTxFactor = n
	}
	if !(c.RxTxFactor > 0 && c.RxTxFactor <= 3.40282e+38) {
		return commands.Refuse(commands.Invalid, "Invalid input for field/attribute rxtx_factor. It must be a number above 0.")
	}
	return nil
}

func (s *Service) updateFlavor(ctx context.Context, in *updateFlavorIn) (*flavorOut, error) {
	c := cmd.DescribeFlavor{ID: in.ID}
	if d := in.Body.Flavor.Description; d != nil {
		c.Description = *d
	}
	w, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	f, _ := w.Compute.Flavors.Get(c.ID)
	return &flavorOut{oneFlavor[flavor]{showFlavor(ctx, f)}}, nil
}

func (s *Service) deleteFlavor(ctx context.Context, in *flavorID) (*api.Empty, error) {
	_, err := s.Do(ctx, cmd.DeleteFlavor{ID: in.ID})
	return &api.Empty{Status: http.StatusAccepted}, err
}

func (s *Service) listFlavors(ctx context.Context, in *listFlavorsIn) (*flavorsOut[flavorItem], error) {
	page, links, err := pageOfFlavors(ctx, in)
	out := &flavorsOut[flavorItem]{}
	out.Body.Links = links
	for _, f := range page {
		out.Body.Flavors = append(out.Body.Flavors, showFlavorItem(ctx, f))
	}
	return out, err
}

func (s *Service) listFlavorsDetail(ctx context.Context, in *listFlavorsIn) (*flavorsOut[flavor], error) {
	page, links, err := pageOfFlavors(ctx, in)
	out := &flavorsOut[flavor]{}
	out.Body.Links = links
	for _, f := range page {
		out.Body.Flavors = append(out.Body.Flavors, showFlavor(ctx, f))
	}
	return out, err
}

var flavorSorts = map[string]func(a, b view.Flavor) int{
	"flavorid":     func(a, b view.Flavor) int { return strings.Compare(a.ID, b.ID) },
	"id":           func(a, b view.Flavor) int { return a.CreatedAt.Compare(b.CreatedAt) },
	"name":         func(a, b view.Flavor) int { return strings.Compare(a.Name, b.Name) },
	"memory_mb":    func(a, b view.Flavor) int { return cmp.Compare(a.RAMMiB, b.RAMMiB) },
	"vcpus":        func(a, b view.Flavor) int { return cmp.Compare(a.VCPUs, b.VCPUs) },
	"root_gb":      func(a, b view.Flavor) int { return cmp.Compare(a.DiskGiB, b.DiskGiB) },
	"ephemeral_gb": func(a, b view.Flavor) int { return cmp.Compare(a.EphemeralGiB, b.EphemeralGiB) },
	"swap":         func(a, b view.Flavor) int { return cmp.Compare(a.SwapMiB, b.SwapMiB) },
	"created_at":   func(a, b view.Flavor) int { return a.CreatedAt.Compare(b.CreatedAt) },
	"updated_at":   func(a, b view.Flavor) int { return a.UpdatedAt.Compare(b.UpdatedAt) },
	"is_public": func(a, b view.Flavor) int {
		return cmp.Compare(strconv.FormatBool(a.Public), strconv.FormatBool(b.Public))
	},
}

// pageOfFlavors picks a page in the order of ids, as they are filed; in another
// order, all that may be seen are sorted, if they aren't too many.
func pageOfFlavors(ctx context.Context, in *listFlavorsIn) (page []view.Flavor, links []api.Link, err error) {
	size, err := in.Size(ctx)
	if err != nil {
		return nil, nil, err
	}
	wanted, err := flavorFilter(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	sorts, err := api.SortsOf(ctx, keysOfMap(flavorSorts)...)
	if err != nil {
		return nil, nil, err
	}
	flavors := &api.World(ctx).Compute.Flavors
	if in.Marker != "" {
		if m, ok := flavors.Get(in.Marker); !ok || !wanted(&m) {
			return nil, nil, api.BadMarker(in.Marker)
		}
	}
	if len(sorts) > 0 {
		return sortedFlavors(ctx, in.Marker, size, sorts, wanted)
	}
	more, looked, last := false, 0, ""
	for id, f := range flavors.From(in.Marker) {
		if len(page) == size || looked == maxLooked {
			more = size > 0
			break
		}
		if id == in.Marker {
			continue
		}
		if looked, last = looked+1, id; wanted(&f) {
			page = append(page, f)
		}
	}
	return page, api.Next(ctx, more, last), nil
}

func sortedFlavors(ctx context.Context, marker string, size int, sorts []api.Sort, wanted func(*view.Flavor) bool) (page []view.Flavor, links []api.Link, err error) {
	var all []view.Flavor
	for _, f := range api.World(ctx).Compute.Flavors.All() {
		if !wanted(&f) {
			continue
		}
		if len(all) == maxLooked {
			return nil, nil, commands.Refuse(commands.Invalid, "More than %d flavors can't be sorted by %s.", maxLooked, sorts[0].Key)
		}
		all = append(all, f)
	}
	slices.SortStableFunc(all, func(a, b view.Flavor) int {
		for _, s := range sorts {
			if n := flavorSorts[s.Key](a, b); n != 0 {
				if s.Desc {
					return -n
				}
				return n
			}
		}
		return strings.Compare(a.ID, b.ID)
	})
	if marker != "" {
		all = all[1+slices.IndexFunc(all, func(f view.Flavor) bool { return f.ID == marker }):]
	}
	page, more := api.Take(slices.Values(all), size)
	if more && len(page) > 0 {
		links = api.Next(ctx, more, page[len(page)-1].ID)
	}
	return page, links, nil
}

// flavorFilter says of a flavor whether it is asked for and may be seen.
func flavorFilter(ctx context.Context, in *listFlavorsIn) (func(*view.Flavor) bool, error) {
	w, root := api.World(ctx), isAdmin(ctx)
	minRAM, errRAM := strconv.Atoi(cmp.Or(in.MinRAM, "0"))
	minDisk, errDisk := strconv.Atoi(cmp.Or(in.MinDisk, "0"))
	if errRAM != nil || errDisk != nil {
		return nil, commands.Refuse(commands.Invalid, "Invalid minRam or minDisk filter")
	}
	public, isBool := api.ParseBool(cmp.Or(in.Public, "true"))
	everything := root && strings.EqualFold(in.Public, "none")
	if root && !isBool && !everything {
		return nil, commands.Refuse(commands.Invalid, "Invalid is_public filter [%.40s]", in.Public)
	}
	return func(f *view.Flavor) bool {
		if f.RAMMiB < minRAM || f.DiskGiB < minDisk {
			return false
		}
		return root && (everything || f.Public == public) || !root && usable(ctx, w, f)
	}, nil
}

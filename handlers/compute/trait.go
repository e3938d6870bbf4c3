package compute

import (
	"slices"
	"strings"

	"skylog/projections"
	view "skylog/projections/compute"
)

// traits are what a flavor requires and forbids of the resource provider of its
// host, by extra specs such as trait:HW_CPU_X86_AVX=required.
type traits struct{ required, forbidden []string }

// traitPrefix is that of the extra specs which speak of traits.
const traitPrefix = "trait:"

// traitSpecs are what a flavor says of traits.
func traitSpecs(specs map[string]string) (t traits) {
	for key, value := range specs {
		name, ok := strings.CutPrefix(key, traitPrefix)
		switch {
		case ok && value == "required":
			t.required = append(t.required, name)
		case ok && value == "forbidden":
			t.forbidden = append(t.forbidden, name)
		}
	}
	slices.Sort(t.required)
	return t
}

// allow says whether a host has all that is required and nothing that is forbidden.
func (t traits) allow(w *projections.World, h *view.Host) bool {
	if len(t.required)+len(t.forbidden) == 0 {
		return true
	}
	p, _ := w.Placement.Providers.Get(h.ID)
	has := func(name string) bool {
		_, found := slices.BinarySearch(p.Traits, name)
		return found
	}
	return !slices.ContainsFunc(t.forbidden, has) &&
		!slices.ContainsFunc(t.required, func(name string) bool { return !has(name) })
}

// endowed are the hosts whose provider has a trait, as many as are looked at.
func endowed(w *projections.World, trait string) (hosts []string) {
	for p := range w.Placement.Providers.WithTrait(trait, "") {
		if p.Host != "" {
			hosts = append(hosts, p.Host)
		}
		if len(hosts) == placeLooks {
			break
		}
	}
	return hosts
}

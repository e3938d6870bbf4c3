package compute

import (
	"testing"

	"skylog/events"
	evt "skylog/events/compute"
	placementevt "skylog/events/placement"
	"skylog/handlers/given"
	view "skylog/projections/compute"
)

func TestAServerIsPlacedByWhatHostsProvidersHave(t *testing.T) {
	t.Parallel()
	facts := evt.HostFacts{VCPUs: 8, RAMMiB: 4096, DiskGiB: 100, Zone: "nova"}
	less := facts
	less.RAMMiB = 2048
	hosts := []events.Event{evt.HostJoined{Name: "roomy", ID: "r", HostFacts: facts}, evt.HostJoined{Name: "small", ID: "s", HostFacts: less}}
	reserved := placementevt.InventoriesSet{ProviderID: "r", Inventories: []placementevt.Inventory{
		{Class: "MEMORY_MB", Total: 4096, Reserved: 4000, MinUnit: 1, MaxUnit: 4096, StepSize: 1, Ratio: 1},
		{Class: "VCPU", Total: 8, MinUnit: 1, MaxUnit: 8, StepSize: 1, Ratio: 1}}}
	lent := placementevt.AllocationsSet{ConsumerID: "c", Allotments: []placementevt.Allotment{{ProviderID: "r", Class: "VCPU", Amount: 30}}}
	gold := placementevt.TraitsSet{ProviderID: "s", Traits: []string{"CUSTOM_GOLD"}}
	for _, c := range []struct {
		name  string
		given []events.Event
		specs map[string]string
		vcpus int
		want  string
	}{
		{name: "the roomiest comes first", want: "roomy"},
		{name: "what is reserved isn't given", given: []events.Event{reserved}, want: "small"},
		{name: "what clients allocated isn't given", given: []events.Event{lent}, vcpus: 4, want: "small"},
		{name: "no server has more processors than its host", vcpus: 9, want: ""},
		{name: "a required trait must be there", given: []events.Event{gold}, specs: map[string]string{"trait:CUSTOM_GOLD": "required"}, want: "small"},
		{name: "a trait that no host has leaves none", specs: map[string]string{"trait:CUSTOM_GOLD": "required"}, want: ""},
		{name: "a forbidden trait mustn't", given: []events.Event{placementevt.TraitsSet{ProviderID: "r", Traits: []string{"CUSTOM_OLD"}}},
			specs: map[string]string{"trait:CUSTOM_OLD": "forbidden"}, want: "small"},
	} {
		w := given.World(t, append(hosts[:2:2], c.given...))
		got, _ := place(w, want{Usage: view.Usage{Servers: 1, VCPUs: max(c.vcpus, 1), RAMMiB: 512}, specs: c.specs})
		if got != c.want {
			t.Errorf("%s: it is placed on %q, want %q", c.name, got, c.want)
		}
	}
}

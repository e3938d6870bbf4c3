package compute

import (
	"testing"

	"skylog/commands"
	cmd "skylog/commands/compute"
	evt "skylog/events/compute"
	imgevt "skylog/events/image"
	"skylog/handlers/given"
)

var (
	fast     = evt.AggregateCreated{ID: "g", Name: "fast"}
	east     = evt.AggregateCreated{ID: "e", Name: "east", Zone: "east"}
	bInFast  = evt.AggregateHostAdded{ID: "g", Host: "b"}
	aInEast  = evt.AggregateHostAdded{ID: "e", Host: "a"}
	bInEast  = evt.AggregateHostAdded{ID: "e", Host: "b"}
	withDisk = evt.AggregateChanged{ID: "g", Name: "fast", Metadata: map[string]string{"disk": "ssd"}}
)

func TestAggregates(t *testing.T) {
	west := "west"
	given.Run(t, Register, []given.Case{
		{Name: "a free name is taken", When: cmd.CreateAggregate(fast), Then: given.Events{fast}},
		{Name: "a taken name is refused", Given: given.Events{fast}, When: cmd.CreateAggregate{ID: "h", Name: "fast"}, Refused: commands.Conflict},
		{Name: "a host comes in", Given: given.Events{fast, hostB}, When: cmd.AddAggregateHost(bInFast), Then: given.Events{bInFast}},
		{Name: "a host comes in once", Given: given.Events{fast, hostB, bInFast}, When: cmd.AddAggregateHost(bInFast), Refused: commands.Conflict},
		{Name: "a host that isn't there can't come in", Given: given.Events{fast}, When: cmd.AddAggregateHost(bInFast), Refused: commands.NotFound},
		{Name: "a host is in one zone only",
			Given: given.Events{east, evt.AggregateCreated{ID: "w", Name: "west", Zone: "west"}, hostB, bInEast},
			When:  cmd.AddAggregateHost{ID: "w", Host: "b"}, Refused: commands.Conflict},
		{Name: "a host with servers doesn't change its zone",
			Given: given.Events{small, hostB, created, placed, east}, When: cmd.AddAggregateHost(bInEast), Refused: commands.Conflict},
		{Name: "nor does it lose it",
			Given: given.Events{small, hostB, east, bInEast, created, placed}, When: cmd.RemoveAggregateHost(evt.AggregateHostRemoved(bInEast)), Refused: commands.Conflict},
		{Name: "nor does the zone change under it",
			Given: given.Events{small, hostB, east, bInEast, created, placed}, When: cmd.ChangeAggregate{ID: "e", Zone: &west}, Refused: commands.Invalid},
		{Name: "an aggregate with a host stays", Given: given.Events{fast, hostB, bInFast}, When: cmd.DeleteAggregate{ID: "g"}, Refused: commands.Invalid},
		{Name: "an empty one goes",
			Given: given.Events{fast, hostB, bInFast, evt.AggregateHostRemoved(bInFast)}, When: cmd.DeleteAggregate{ID: "g"}, Then: given.Events{evt.AggregateDeleted{ID: "g"}}},
		{Name: "metadata is set key by key, and taken away by an empty value",
			Given: given.Events{fast, withDisk}, When: cmd.ChangeAggregate{ID: "g", Metadata: map[string]string{"disk": "", "net": "10g"}},
			Then: given.Events{evt.AggregateChanged{ID: "g", Name: "fast", Metadata: map[string]string{"net": "10g"}}}},
		{Name: "the same again changes nothing", Given: given.Events{fast, withDisk}, When: cmd.ChangeAggregate{ID: "g", Metadata: map[string]string{"disk": "ssd"}}},
	})
}

func TestImagesAreCachedOnTheHostsOfAnAggregate(t *testing.T) {
	listed := imgevt.ImageCreated{ID: "i", OwnerID: "p", DiskFormat: "qcow2", ContainerFormat: "bare", Visibility: "public"}
	there := given.Events{fast, hostA, hostB, bInFast, evt.AggregateHostAdded{ID: "g", Host: "a"}, listed, stored}
	ask := cmd.CacheImages{ID: "g", Images: []string{"i"}}
	given.Run(t, Register, []given.Case{
		{Name: "all its hosts bring it", Given: there, When: ask, Then: given.Events{evt.AggregateImagesWanted{ID: "g", Images: []string{"i"}, OnHosts: []string{"b", "a"}}}},
		{Name: "but one that is lost", Given: after(there, evt.HostLost{Name: "b"}), When: ask, Then: given.Events{evt.AggregateImagesWanted{ID: "g", Images: []string{"i"}, OnHosts: []string{"a"}}}},
		{Name: "an image without bytes is refused", Given: given.Events{fast, listed}, When: ask, Refused: commands.Invalid},
		{Name: "an image that isn't there is refused", Given: given.Events{fast}, When: ask, Refused: commands.Invalid},
		{Name: "an aggregate that isn't there is refused", Given: given.Events{listed, stored}, When: ask, Refused: commands.NotFound},
	})
}

func TestHostsAreChosenByTheirAggregates(t *testing.T) {
	specs := map[string]string{aggregatePrefix + "disk": "ssd"}
	picky, use := small, flavor
	picky.ExtraSpecs, use.ExtraSpecs = specs, specs
	made := created
	made.Flavor = use
	failed := evt.ServerBuildFailed{ID: "s", Code: 500, Message: noHost}
	inA := evt.AggregateHostAdded{ID: "g", Host: "a"}
	onA := evt.ServerPlaced{ID: "s", Host: "a"}
	inZone := func(zone string) cmd.CreateServer {
		return with(ask, func(c *cmd.CreateServer) { c.Zone = zone })
	}
	zoned := func(zone string) evt.ServerCreated {
		return with(created, func(e *evt.ServerCreated) { e.Zone = zone })
	}
	given.Run(t, Register, []given.Case{
		{Name: "a flavor goes where the aggregate has what it asks for, though another host is roomier",
			Given: given.Events{picky, hostA, hostB, fast, withDisk, inA}, When: ask, Then: given.Events{made, onA}},
		{Name: "where none has it, it goes nowhere",
			Given: given.Events{picky, hostA, hostB, fast, inA}, When: ask, Then: given.Events{made, failed}},
		{Name: "a disabled host of the aggregate doesn't count",
			Given: given.Events{picky, hostA, hostB, fast, withDisk, inA, evt.HostDisabled{Name: "a"}}, When: ask, Then: given.Events{made, failed}},
		{Name: "an aggregate's zone is that of its hosts",
			Given: given.Events{small, hostA, hostB, east, aInEast}, When: inZone("east"), Then: given.Events{zoned("east"), onA}},
		{Name: "and no longer the one that they report",
			Given: given.Events{small, hostA, east, aInEast}, When: inZone("nova"), Then: given.Events{zoned("nova"), failed}},
		{Name: "until they leave it",
			Given: given.Events{small, hostA, east, aInEast, evt.AggregateHostRemoved(aInEast)}, When: inZone("nova"), Then: given.Events{zoned("nova"), onA}},
		{Name: "a host that reports anew stays in its zone",
			Given: given.Events{small, hostA, east, aInEast, hostA}, When: inZone("east"), Then: given.Events{zoned("east"), onA}},
		{Name: "a host that is forced down takes nothing",
			Given: given.Events{small, hostA, evt.HostForcedDown{Name: "a", Down: true}}, When: ask, Then: given.Events{created, failed}},
	})
}

func TestExtraSpecsAreComparedAsNovaDoes(t *testing.T) {
	for _, c := range []struct {
		has, asked string
		want       bool
	}{
		{"ssd", "ssd", true}, {"ssd", "hdd", false}, {"hdd", "<or> ssd <or> hdd", true}, {"tape", "<or> ssd <or> hdd", false},
		{"16", ">= 8", true}, {"4", ">= 8", false}, {"8", "= 8", true}, {"9", "= 8", true}, {"9", "== 8", false}, {"x", "== 8", false},
		{"aes avx", "<in> avx", true}, {"aes avx", "<all-in> aes avx", true}, {"aes", "<all-in> aes avx", false}, {"a", "s== a", true}, {"b", "s!= a", true},
		{"", "", true}, {"two words", "two words", true},
	} {
		if got := matches(c.has, c.asked); got != c.want {
			t.Errorf("%q for %q: %v, want %v", c.has, c.asked, got, c.want)
		}
	}
}

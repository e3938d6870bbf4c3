package compute

import (
	"testing"

	evt "skylog/events/compute"
	"skylog/handlers/given"
	view "skylog/projections/compute"
)

// What servers claim of a host, one by one, is what is kept as the host's and
// the project's use, at every point of a server's life.
func TestClaimsOneByOneAreWhatIsKeptAsUsed(t *testing.T) {
	large := evt.FlavorUse{ID: "2", Name: "m1.large", VCPUs: 4, RAMMiB: 8192, DiskGiB: 40}
	other := with(created, func(e *evt.ServerCreated) { e.ID = "o" })
	onA := evt.ServerPlaced{ID: "o", Host: "a"}
	for name, move := range map[string]given.Events{
		"elsewhere, confirmed": {evt.ServerResizeRequested{ID: "s", Flavor: large, Host: "a"}, evt.ServerCarried{ID: "s"}, evt.ServerResized{ID: "s"}, evt.ServerResizeConfirmed{ID: "s"}},
		"elsewhere, reverted":  {evt.ServerResizeRequested{ID: "s", Flavor: large, Host: "a"}, evt.ServerCarried{ID: "s"}, evt.ServerResized{ID: "s"}, evt.ServerResizeRevertRequested{ID: "s"}, evt.ServerResizeReverted{ID: "s"}},
		"where it is":          {evt.ServerResizeRequested{ID: "s", Flavor: large, Host: "b"}, evt.ServerResized{ID: "s"}, evt.ServerResizeConfirmed{ID: "s"}},
		"failed":               {evt.ServerResizeRequested{ID: "s", Flavor: large, Host: "a"}, evt.ServerActionFailed{ID: "s"}},
		"live":                 {evt.ServerLiveMigrationRequested{ID: "s", Host: "a"}, evt.ServerLiveMigrationPrepared{ID: "s"}, evt.ServerLiveMigrated{ID: "s"}},
		"live, not sent":       {evt.ServerLiveMigrationRequested{ID: "s", Host: "a"}, evt.ServerLiveMigrationPrepared{ID: "s"}, evt.ServerLiveMigrationFailed{ID: "s"}},
		"live, deleted":        {evt.ServerLiveMigrationRequested{ID: "s", Host: "a"}, evt.ServerLiveMigrationPrepared{ID: "s"}, evt.ServerDeleted{ID: "s", Host: "b"}},
		"deleted in between":   {evt.ServerResizeRequested{ID: "s", Flavor: large, Host: "a"}, evt.ServerCarried{ID: "s"}, evt.ServerDeleted{ID: "s", Host: "b"}},
	} {
		all := append(given.Events{small, hostA, hostB, created, placed, booted, other, onA}, move...)
		for n := range all {
			w := given.World(t, all[:n+1])
			var whole view.Usage
			for _, host := range []string{"a", "b"} {
				h, _ := w.Compute.Hosts.Get(host)
				var sum view.Usage
				for _, c := range w.Compute.Servers.ClaimsOn(host) {
					sum = plus(sum, c.Usage)
				}
				if sum != h.Used {
					t.Errorf("%s, behind %d events, the last a %T: claims on %s are %+v, used is %+v", name, n+1, all[n], host, sum, h.Used)
				}
				whole = plus(whole, sum)
			}
			if got := w.Compute.Servers.ClaimedBy("p", ""); got.VCPUs != whole.VCPUs || got.RAMMiB != whole.RAMMiB || got.DiskGiB != whole.DiskGiB {
				t.Errorf("%s, behind %d events: the project claims %+v, on hosts are %+v", name, n+1, got, whole)
			}
		}
	}
}

func plus(a, b view.Usage) view.Usage {
	return view.Usage{Servers: a.Servers + b.Servers, VCPUs: a.VCPUs + b.VCPUs, RAMMiB: a.RAMMiB + b.RAMMiB, DiskGiB: a.DiskGiB + b.DiskGiB}
}

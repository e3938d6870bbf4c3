package compute

import (
	"testing"

	cmd "skylog/commands/compute"
	evt "skylog/events/compute"
	netevt "skylog/events/network"
	"skylog/handlers/given"
)

// A server that was declared to be active may be anything on its host: what the
// host reports then counts, under the wish that the declaration made.
func TestWhatAHostFindsOfAServerThatWasDeclaredActive(t *testing.T) {
	port := netevt.PortCreated{ID: "port", ProjectID: "p", NetworkID: "n", Settings: netevt.PortSettings{DeviceID: "s", DeviceOwner: "compute:nova"}}
	bound := netevt.PortBound{ID: "port", Host: "b"}
	reset := evt.ServerStateReset{ID: "s"}
	after := func(asked, found given.Events) given.Events {
		return append(append(append(given.Events{small, hostB, created, placed, booted}, asked...), found...), reset)
	}
	stop := given.Events{evt.ServerStopRequested{ID: "s", By: at}}
	found := func(power cmd.Power, generation uint64) cmd.ReportServer {
		return cmd.ReportServer{Host: "b", ID: "s", Power: power, Generation: generation}
	}
	given.Run(t, Register, []given.Case{
		{Name: "it is stopped",
			Given: after(stop, given.Events{evt.ServerStopped{ID: "s"}}), When: found(cmd.Stopped, 8), Then: given.Events{evt.ServerStopped{ID: "s", ByItself: true}}},
		{Name: "it was being stopped",
			Given: after(stop, nil), When: found(cmd.Stopped, 7), Then: given.Events{evt.ServerStopped{ID: "s", ByItself: true}}},
		{Name: "a report from before counts for nothing",
			Given: after(stop, nil), When: found(cmd.Stopped, 6)},
		{Name: "it is paused",
			Given: after(given.Events{evt.ServerPauseRequested{ID: "s", By: at}}, nil), When: found(cmd.Paused, 7), Then: given.Events{evt.ServerPaused{ID: "s"}}},
		{Name: "it is suspended",
			Given: after(given.Events{evt.ServerSuspendRequested{ID: "s", By: at}}, nil), When: found(cmd.Suspended, 7), Then: given.Events{evt.ServerSuspended{ID: "s"}}},
		{Name: "it runs",
			Given: after(nil, nil), When: found(cmd.Running, 6)},
		{Name: "it is paused though it shall run: the host goes on to make it run",
			Given: after(nil, nil), When: found(cmd.Paused, 6)},
		{Name: "it had never run, and does now",
			Given: given.Events{small, hostB, port, created, placed, bound, reset}, When: found(cmd.Running, 7),
			Then: given.Events{evt.ServerBooted{ID: "s", Steps: []evt.Step{}}, netevt.PortWentUp{ID: "port", VIFType: vifType}}},
	})
}

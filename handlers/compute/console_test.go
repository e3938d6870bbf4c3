package compute

import (
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	evt "skylog/events/compute"
	netevt "skylog/events/network"
	"skylog/handlers/given"
)

func TestConsoles(t *testing.T) {
	granted := evt.ServerConsoleGranted{ID: "s", Console: "vnc", TokenHash: "h", Until: at.Add(tokenLife)}
	opened := evt.ServerConsoleOpened{ID: "s", TokenHash: "h"}
	open := cmd.OpenConsole{TokenHash: "h", At: at}
	given.Run(t, Register, []given.Case{
		{Name: "a running server has one", Given: runs, When: cmd.GrantConsole{ID: "s", Console: "vnc", TokenHash: "h", At: at}, Then: given.Events{granted}},
		{Name: "a stopped server has none", Given: after(runs, evt.ServerStopped{ID: "s"}), When: cmd.GrantConsole{ID: "s", Console: "vnc", TokenHash: "h", At: at}, Refused: commands.Conflict},
		{Name: "a token opens it", Given: after(runs, granted), When: open, Then: given.Events{opened}},
		{Name: "once", Given: after(runs, granted, opened), When: open, Refused: commands.NotFound},
		{Name: "not after its time", Given: after(runs, granted), When: with(open, func(c *cmd.OpenConsole) { c.At = at.Add(tokenLife + time.Second) }), Refused: commands.NotFound},
		{Name: "not once the server is gone", Given: after(runs, granted, evt.ServerDeleted{ID: "s", Host: "b"}), When: open, Refused: commands.NotFound},
		{Name: "not while the server is stopped", Given: after(runs, granted, evt.ServerStopped{ID: "s"}), When: open, Refused: commands.Conflict},
		{Name: "no other token does", Given: after(runs, granted), When: cmd.OpenConsole{TokenHash: "x", At: at}, Refused: commands.NotFound},
	})
}

func TestInterfaces(t *testing.T) {
	port := netevt.PortCreated{ID: "port", ProjectID: "p", NetworkID: "n", Settings: netevt.PortSettings{DeviceID: "s", DeviceOwner: "compute:nova"}}
	attached := evt.ServerInterfaceAttached{ID: "s", PortID: "port", Own: true}
	bound := netevt.PortBound{ID: "port", Host: "b"}
	has := after(runs, port, bound, attached)
	detached := evt.ServerInterfaceDetached{ID: "s", PortID: "port"}
	given.Run(t, Register, []given.Case{
		{Name: "a port becomes the server's, where it is", Given: after(runs, port), When: cmd.AttachInterface{ID: "s", PortID: "port", Own: true}, Then: given.Events{bound, attached}},
		{Name: "a port of another device is refused", Given: after(runs, with(port, func(p *netevt.PortCreated) { p.Settings.DeviceID = "x" })), When: cmd.AttachInterface{ID: "s", PortID: "port"}, Refused: commands.Invalid},
		{Name: "a port that isn't there is refused", Given: runs, When: cmd.AttachInterface{ID: "s", PortID: "port"}, Refused: commands.NotFound},
		{Name: "a suspended server is refused", Given: after(runs, evt.ServerSuspended{ID: "s"}, port), When: cmd.AttachInterface{ID: "s", PortID: "port"}, Refused: commands.Conflict},
		{Name: "its own port goes", Given: has, When: cmd.DetachInterface{ID: "s", PortID: "port"}, Then: given.Events{detached, netevt.PortDeleted{ID: "port", NetworkID: "n", LeftDevice: "s"}}},
		{Name: "a port that was there before stays", Given: after(runs, port, bound, with(attached, func(e *evt.ServerInterfaceAttached) { e.Own = false })), When: cmd.DetachInterface{ID: "s", PortID: "port"},
			Then: given.Events{detached, netevt.PortReconfigured{ID: "port", NetworkID: "n"}, netevt.PortUnbound{ID: "port"}}},
		{Name: "what isn't attached can't be detached", Given: after(has, detached, netevt.PortDeleted{ID: "port", NetworkID: "n"}), When: cmd.DetachInterface{ID: "s", PortID: "port"}, Refused: commands.NotFound},
	})
}

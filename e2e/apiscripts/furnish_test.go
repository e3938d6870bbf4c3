package apiscripts

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
	imagecmd "skylog/commands/image"
	netcmd "skylog/commands/network"
	"skylog/infra/cell"
	view "skylog/projections/compute"
)

const (
	image  = "aaaaaaaa-0000-4000-8000-000000000001"
	secret = "aaaaaaaa-0000-4000-8000-000000000002"
	net1   = "bbbbbbbb-0000-4000-8000-000000000001"
	subnet = "bbbbbbbb-0000-4000-8000-000000000002"
	theirs = "bbbbbbbb-0000-4000-8000-000000000003"
	host   = "h1"
)

// furnish gives the cloud what a server needs: flavors, images, a network, a host.
func furnish(t *testing.T, c *cell.Cell) {
	t.Helper()
	do := func(cs ...commands.Command) {
		t.Helper()
		ctx := commands.With(t.Context(), commands.Caller{UserID: "root", ProjectID: project})
		if _, err := c.Do(ctx, cs...); err != nil {
			t.Fatalf("%+v: %v", cs, err)
		}
	}
	do(cmd.CreateFlavor{ID: "1", Name: "small", VCPUs: 1, RAMMiB: 512, DiskGiB: 1, RxTxFactor: 1, Public: true, ExtraSpecs: map[string]string{"hw:x": "y"}},
		cmd.CreateFlavor{ID: "2", Name: "hidden", VCPUs: 2, RAMMiB: 1024, DiskGiB: 2, SwapMiB: 64, RxTxFactor: 1})
	for id, visibility := range map[string]string{image: "public", secret: "private"} {
		owner, properties := project, map[string]string{}
		if id == secret {
			owner, properties = other, map[string]string{"hw_qemu_guest_agent": "yes", "os_admin_user": "demo"}
		}
		do(imagecmd.CreateImage{ID: id, OwnerID: owner, Name: "disk", DiskFormat: "qcow2", ContainerFormat: "bare", Visibility: visibility, Properties: properties})
		do(imagecmd.StartUpload{ID: id, Upload: "u" + id, Due: time.Now().Add(time.Hour)},
			imagecmd.FinishUpload{ID: id, Upload: "u" + id, SizeBytes: 1000, VirtualSize: 1 << 29, SHA512: "00", MD5: "00", Format: "qcow2", ProjectBytes: 1 << 40})
	}
	do(netcmd.CreateNetwork{ID: net1, ProjectID: project, Name: "inner", AdminStateUp: true, PortSecurity: true},
		netcmd.CreateSubnet{ID: subnet, ProjectID: project, NetworkID: net1, CIDR: netip.MustParsePrefix("10.0.0.0/24"), EnableDHCP: true},
		netcmd.CreateNetwork{ID: theirs, ProjectID: other, Name: "theirs", AdminStateUp: true, PortSecurity: true})
	joinHost(t, c, host, 1)
}

// joinHost has a host join.
func joinHost(t *testing.T, c *cell.Cell, name string, number int) {
	t.Helper()
	ctx := commands.With(t.Context(), commands.Caller{Origin: "host." + name})
	if _, err := c.Do(ctx, cmd.ReportHost{Host: name, ID: fmt.Sprintf("cccccccc-0000-4000-8000-%012d", number), Facts: cmd.Facts{
		Type: "QEMU", Version: 7002000, Arch: "x86_64", VCPUs: 16, RAMMiB: 65536, DiskGiB: 1000, CPUModel: "host", HostIP: "192.0.2.1", Zone: "nova"}}); err != nil {
		t.Fatal(err)
	}
}

// playHost does at once what is wanted of the hosts, except for servers whose
// name says that they should wait.
func playHost(ctx context.Context, c *cell.Cell) {
	powers := map[string]cmd.Power{"running": cmd.Running, "stopped": cmd.Stopped, "paused": cmd.Paused, "suspended": cmd.Suspended}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for id := range c.Now().Compute.Remains.All() {
			c.Do(commands.With(ctx, commands.Caller{Origin: "host." + id.Host}), cmd.ReportServerGone{Host: id.Host, ID: id.ID})
		}
		for id, s := range c.Now().Compute.Servers.All() {
			ctx := commands.With(ctx, commands.Caller{Origin: "host." + s.Host})
			switch {
			case s.TaskState == view.NoTask || s.Name == "slow":
			case s.Gone():
				c.Do(ctx, cmd.ReportServerGone{Host: s.Host, ID: id})
			case s.Live != nil:
				playLive(ctx, c, &s)
			case s.Capture != nil:
				image := s.Capture.ImageID
				c.Do(commands.With(ctx, commands.Caller{Origin: "cell"}), imagecmd.StartUpload{ID: image, Upload: "u" + image, Due: time.Now().Add(time.Hour)},
					imagecmd.FinishUpload{ID: image, Upload: "u" + image, SizeBytes: 1000, VirtualSize: 1 << 29, SHA512: "00", MD5: "00", Format: "qcow2", ProjectBytes: 1 << 40})
				c.Do(ctx, cmd.ReportServerCaptured{Host: s.Host, ID: id, ImageID: image})
			default:
				c.Do(ctx, cmd.ReportServer{Host: s.Host, ID: id, Generation: s.Generation, Power: powers[s.Want], Reboots: s.Reboots})
			}
		}
	}
}

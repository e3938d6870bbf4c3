package simulation

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"skylog/commands"
	cmd "skylog/commands/compute"
	netcmd "skylog/commands/network"
)

// caller is somebody of a project who does this and that.
type caller struct {
	cloud   *cloud
	luck    *luck
	project string
	network string
	n       int
	servers []string
	ports   []string // made beforehand, to be used by servers
}

const flavor = "small"

func (c *caller) id() string {
	c.n++
	return uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "%d %s %d", c.cloud.seed, c.project, c.n)).String()
}

// ask asks under one id until it is answered, and sometimes once more. Each time
// the edge looks anew at what the caller may; it may take a while until the
// command is on its way.
func (c *caller) ask(ctx context.Context, cs ...commands.Command) bool {
	who := commands.Caller{UserID: "user of " + c.project, ProjectID: c.project, CommandID: c.id(), Keyed: true, BodyHash: "same"}
	again := c.luck.happens(0.1)
	for range 100 {
		authorized, err := c.cloud.authorize(who)
		if errors.Is(err, errForbidden) || pause(ctx, c.luck.within(50*time.Millisecond)) != nil {
			return false
		}
		if err == nil {
			_, err = c.cloud.do(ctx, authorized, cs...)
		}
		_, refused := commands.Refused(err)
		switch {
		case (err == nil || refused) && !again:
			return err == nil
		case err == nil || refused:
			again = false
		case pause(ctx, time.Second) != nil:
			return false
		}
	}
	return false
}

// settle makes what all else needs.
func (c *caller) settle(ctx context.Context) {
	c.network = c.id()
	ok := c.ask(ctx,
		netcmd.CreateNetwork{ID: c.network, ProjectID: c.project, Name: "net", AdminStateUp: true, PortSecurity: true},
		netcmd.CreateSubnet{ID: c.id(), ProjectID: c.project, NetworkID: c.network, CIDR: netip.MustParsePrefix("10.0.0.0/26"), EnableDHCP: true})
	if !ok {
		c.cloud.t.Error("a project could not make its network")
	}
}

// live does things at random until a time.
func (c *caller) live(ctx context.Context, until time.Time) {
	for time.Now().Before(until) && pause(ctx, c.luck.within(2*time.Second)) == nil {
		switch n := c.luck.upTo(20); {
		case n < 5:
			c.create(ctx)
		case n < 7:
			c.delete(ctx)
		case n == 7:
			port := c.id()
			if c.ask(ctx, netcmd.CreatePort{ID: port, ProjectID: c.project, NetworkID: c.network, AdminStateUp: true}) {
				c.ports = append(c.ports, port)
			}
		case n == 8 && len(c.ports) > 0:
			c.ask(ctx, netcmd.DeletePort{ID: c.ports[c.luck.upTo(len(c.ports))]})
		case n == 9 && len(c.servers) > 0:
			c.powerOff()
		case n < 14 && len(c.servers) > 0:
			c.move(ctx, c.servers[c.luck.upTo(len(c.servers))])
		case len(c.servers) > 0:
			c.act(ctx, c.servers[c.luck.upTo(len(c.servers))])
		}
	}
}

// create makes a server as the edge does: its ports and itself in one batch.
func (c *caller) create(ctx context.Context) {
	id, owner := c.id(), "compute:nova"
	create := cmd.CreateServer{ID: id, ProjectID: c.project, UserID: "user of " + c.project, Name: "server", Hostname: "server",
		FlavorID: flavor, Image: cmd.Image{ID: "image", Format: "raw", SHA512: "00", SizeBytes: 1}, ReservationID: "r-1", At: time.Now()}
	var batch []commands.Command
	for range 1 + c.luck.upTo(2) {
		port := c.id()
		batch = append(batch, netcmd.CreatePort{ID: port, ProjectID: c.project, NetworkID: c.network, DeviceID: id, DeviceOwner: owner, AdminStateUp: true})
		create.PortIDs, create.OwnPortIDs = append(create.PortIDs, port), append(create.OwnPortIDs, port)
	}
	if len(c.ports) > 0 && c.luck.happens(0.5) {
		port := c.ports[c.luck.upTo(len(c.ports))]
		batch = append(batch, netcmd.UpdatePort{ID: port, DeviceID: &id, DeviceOwner: &owner, IfFree: true, Trusted: true})
		create.PortIDs = append(create.PortIDs, port)
	}
	if c.ask(ctx, append(batch, create)...) {
		c.servers = append(c.servers, id)
	}
}

func (c *caller) delete(ctx context.Context) {
	if len(c.servers) > 0 {
		c.ask(ctx, cmd.DeleteServer{ID: c.servers[c.luck.upTo(len(c.servers))], At: time.Now()})
	}
}

func (c *caller) act(ctx context.Context, id string) {
	name := fmt.Sprintf("name %d", c.n)
	all := []commands.Command{
		cmd.StopServer{ID: id, At: time.Now()}, cmd.StartServer{ID: id, At: time.Now()},
		cmd.StopServer{ID: id, At: time.Now()}, cmd.StartServer{ID: id, At: time.Now()},
		cmd.RebootServer{ID: id, At: time.Now()}, cmd.RebootServer{ID: id, At: time.Now(), Hard: true},
		cmd.PauseServer{ID: id, At: time.Now()}, cmd.UnpauseServer{ID: id, At: time.Now()},
		cmd.SuspendServer{ID: id, At: time.Now()}, cmd.ResumeServer{ID: id, At: time.Now()},
		cmd.UpdateServer{ID: id, Name: &name}, cmd.ResetServerState{ID: id, Error: c.luck.happens(0.5)},
	}
	c.ask(ctx, all[c.luck.upTo(len(all))])
}

// move sends a server to another host while it runs, or meddles with that.
func (c *caller) move(ctx context.Context, id string) {
	one, _ := c.cloud.running()
	if one == nil {
		return
	}
	s, _ := one.Now().Compute.Servers.Get(id)
	if s.Live == nil {
		c.ask(ctx, cmd.LiveMigrateServer{ID: id, Migration: c.id(), At: time.Now()})
		return
	}
	m, _ := one.Now().Compute.Migrations.WithID(s.Live.Migration)
	if c.luck.happens(0.5) {
		c.ask(ctx, cmd.AbortLiveMigration{ID: id, Number: m.Number, Early: true, At: time.Now()})
	} else {
		c.ask(ctx, cmd.ForceLiveMigration{ID: id, Number: m.Number})
	}
}

// powerOff is a guest that shuts itself down.
func (c *caller) powerOff() {
	one, _ := c.cloud.running()
	if one == nil {
		return
	}
	id := c.servers[c.luck.upTo(len(c.servers))]
	s, ok := one.Now().Compute.Servers.Get(id)
	if h := c.cloud.bus.hosts[s.Host]; ok && h != nil {
		h.PowerOff(id)
	}
}

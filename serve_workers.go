package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"skylog/infra/configdrive"
	"skylog/infra/jetstream"
	"skylog/infra/sim"
	"skylog/projections"
	"skylog/workers"
	"skylog/workers/compute"
	"skylog/workers/identity"
	"skylog/workers/image"
)

// parallel is how many machines are worked on at once: real ones wait for disks
// and processes, simulated ones for timers only.
const (
	parallelReal = 8
	parallelSim  = 2048
	// parallelGroups is how many security groups' changes are carried out at once.
	parallelGroups = 8
	resync         = 5 * time.Minute
	wantLife       = 7 * 24 * time.Hour
)

// startWorkers starts what makes the machines match the world.
func (n *node) startWorkers(ctx context.Context, group *errgroup.Group, parallel int) error {
	reports := &jetstream.Collector{Conn: n.nats.Conn(), Do: n.cell.Do}
	watchman := &compute.Watchman{Now: n.now, Do: n.cell.Do, Clock: time.Now, Logger: n.log}
	keeper := &workers.Timekeeper{Now: n.now, Do: n.cell.Do, Clock: time.Now, Logger: n.log,
		Due: []func(*projections.World, time.Time, int) []workers.Overdue{identity.Overdue, image.Overdue, compute.Overdue}}
	wants := compute.Wants{ImageURL: n.imageURL, Open: n.keys.Open}
	dispatcher := &workers.Dispatcher{Now: n.now, Frames: n.cell.Frames, Sources: wants.Sources(),
		Outbox: &jetstream.Outbox{JS: n.nats.JS}, Clock: time.Now, Logger: n.log}
	group.Go(func() error { return n.disk.Run(ctx) })
	group.Go(func() error { return reports.Run(ctx) })
	group.Go(func() error { return jetstream.Beats(ctx, n.nats.Conn(), watchman.Heard) })
	group.Go(func() error { return watchman.Run(ctx) })
	drainer := &compute.Drainer{Now: n.now, Do: n.cell.Do, Clock: time.Now, Logger: n.log}
	group.Go(func() error { return drainer.Run(ctx) })
	group.Go(func() error { return keeper.Run(ctx) })
	sweeper := &identity.KeySweeper{Now: n.now, Owners: n.keys.Owners, Forget: n.keys.Forget, Clock: time.Now, Logger: n.log}
	group.Go(func() error { return sweeper.Run(ctx) })
	group.Go(func() error { return dispatcher.Run(ctx) })
	n.startImports(ctx, group)
	return n.runAgents(ctx, group, parallel)
}

func (n *node) runAgents(ctx context.Context, group *errgroup.Group, parallel int) error {
	agents := n.hosts
	if len(agents) == 0 {
		return nil
	}
	topic := "*"
	if len(agents) == 1 {
		for name := range agents {
			topic = name
		}
	}
	js, conn, err := n.nats.Connect("skylog hosts")
	if err != nil {
		return err
	}
	dead := jetstream.DeadLetters{JS: js}
	groups := &workers.Runner{Dead: dead, Logger: n.log, Wants: &jetstream.Wants{
		JS: js, Kinds: []string{compute.GroupKind}, Parallel: parallelGroups, Resync: resync}}
	runner := &workers.Runner{Dead: dead, Logger: n.log, Wants: &jetstream.Wants{
		JS: js, Kinds: []string{compute.Kind, workers.CompleteKind}, Parallel: parallel, Resync: resync,
		Mine: func(host string) bool { return agents[host] != nil },
		Inventory: func(ctx context.Context) workers.Inventory {
			return compute.TakeInventories(ctx, agents, func(host string, err error) {
				n.log.Warn("the inventory of a host could not be checked", "host", host, "error", err)
			})
		},
	}}
	for _, a := range agents {
		group.Go(func() error {
			if err := a.Join(ctx); err != nil {
				return err
			}
			return a.Live(ctx)
		})
	}
	group.Go(func() error {
		return groups.Run(ctx, "groups", workers.AnyHost, n.groups.Handle(func(id string, why error) {
			n.log.Error("ports could not be told of the members of a security group; the next resync tries again", "group", id, "error", why)
		}))
	})
	group.Go(func() error {
		defer conn.Close()
		return runner.Run(ctx, "machines", topic, compute.Handle(func(host string) *compute.Agent { return agents[host] }))
	})
	return nil
}

// agents makes the hosts of this process.
func (n *node) agents(ctx context.Context) (map[string]*compute.Agent, int, error) {
	agents, wire := map[string]*compute.Agent{}, sim.NewWire()
	for i := range n.simulated {
		name := fmt.Sprintf("sim-%05d", i)
		host := sim.NewHost(name, n.seed+uint64(i), compute.Facts{Type: "fake", Version: 1000, Arch: "x86_64",
			VCPUs: 64, RAMMiB: 256 << 10, DiskGiB: 4000, CPUModel: "simulated", HostIP: "127.0.0.1"},
			sim.Weather{Latency: n.simLatency, Failing: n.simFailing})
		host.Wire = wire
		agents[name] = n.agent(name, uuid.NewSHA1(uuid.NameSpaceURL, []byte("skylog:host:"+name)).String(), host, host, host)
	}
	if n.hypervisor == "none" {
		if n.qemuHosts > 1 {
			return nil, 0, fmt.Errorf("--qemu-hosts %d needs --hypervisor qemu", n.qemuHosts)
		}
		return agents, parallelSim, nil
	}
	real, err := n.realHosts(ctx)
	if err != nil || len(real) == 0 {
		return agents, parallelSim, err
	}
	for _, a := range real {
		agents[a.Name] = a
	}
	return agents, parallelReal, nil
}

func (n *node) agent(name, id string, h compute.Hypervisor, net compute.Network, images compute.Images) *compute.Agent {
	reporter := jetstream.Reporter{Conn: n.nats.Conn(), Host: name}
	return &compute.Agent{ID: id, Zone: "nova", Beat: reporter.Beat, Booter: compute.Booter{Logger: n.log,
		Name: name, Hypervisor: h, Network: net, Images: images, Archive: archive{n}, Groups: &n.groups, ConfigDrive: configdrive.Build, Report: reporter.Report, Clock: time.Now}}
}

// imageURL is where a host gets an image's bytes, for as long as a want of it may lie about.
func (n *node) imageURL(id string) string { return n.sign.URL(id, time.Now().Add(wantLife)) }

package compute

import (
	"context"
	"errors"
	"time"

	"github.com/goccy/go-json"

	cmd "skylog/commands/compute"
	"skylog/workers"
)

// Agent is a host's part in the cell: it says that the host is there, and gives
// its Booter what is wanted.
type Agent struct {
	Booter
	ID   string // a UUID that the host keeps
	Zone string
	Beat func() error
}

const (
	// beatEvery is how often a host gives a sign of life.
	beatEvery = 5 * time.Second
	// lostAfter is how long a host may be silent (nova.conf service_down_time).
	lostAfter = 60 * time.Second
	joinRetry = time.Second
)

// Join reports the host and what it has until the cell has taken it.
func (a *Agent) Join(ctx context.Context) error {
	a.Until(ctx)
	for {
		f, err := a.Hypervisor.Facts(ctx)
		if err == nil {
			err = a.Report(ctx, cmd.ReportHost{Host: a.Name, ID: a.ID, Facts: cmd.Facts{
				Type: f.Type, Version: f.Version, Arch: f.Arch, VCPUs: f.VCPUs, RAMMiB: f.RAMMiB, DiskGiB: f.DiskGiB,
				CPUModel: f.CPUModel, HostIP: f.HostIP, Zone: a.Zone}})
		}
		if err == nil {
			return nil
		}
		a.Logger.Warn("the host could not join yet", "host", a.Name, "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(joinRetry):
		}
	}
}

// Live gives signs of life and reports what machines do by themselves, until ctx ends.
func (a *Agent) Live(ctx context.Context) error {
	watched := make(chan error, 1)
	go func() {
		watched <- a.Hypervisor.Watch(ctx, func(m Machine) {
			if err := a.Changed(ctx, m); err != nil && ctx.Err() == nil {
				a.Logger.Warn("a change could not be reported; the next resync does", "machine", m.ID, "error", err)
			}
		})
	}()
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		if err := a.Beat(); err != nil && ctx.Err() == nil {
			a.Logger.Warn("no sign of life could be given", "host", a.Name, "error", err)
		}
		select {
		case err := <-watched:
			return err
		case <-ctx.Done():
			return <-watched
		case <-ticker.C:
		}
	}
}

// Handle is how the runner gives wants to the agents of this process; of finds
// the agent of a host.
func Handle(of func(host string) *Agent) workers.Handle {
	with := func(data []byte, do func(*Agent, ServerWant) error) error {
		var want ServerWant
		if err := json.Unmarshal(data, &want); err != nil {
			return errors.Join(ErrPermanent, err)
		}
		a := of(want.Host)
		if a == nil {
			return nil // the host of somebody else
		}
		return do(a, want)
	}
	return workers.Handle{
		Do: func(ctx context.Context, data []byte) error {
			return with(data, func(a *Agent, want ServerWant) error { return a.Reconcile(ctx, want) })
		},
		Failed: func(ctx context.Context, data []byte, why error) error {
			return with(data, func(a *Agent, want ServerWant) error { return a.Failed(ctx, want, why) })
		},
		Permanent: func(err error) bool { return errors.Is(err, ErrPermanent) },
	}
}

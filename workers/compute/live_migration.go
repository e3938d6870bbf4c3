package compute

import (
	"context"
	"errors"
	"fmt"
	"time"

	"skylog/commands"
	cmd "skylog/commands/compute"
)

const (
	// sendTime bounds how long a machine is sent in all.
	sendTime  = 2 * time.Hour
	sendTries = 3
	sendAgain = 2 * time.Second
	// stopSending is how long a sending that an earlier process began is taken up
	// to find out whether it has come to its end.
	stopSending = 2 * time.Second
	// progressEvery is how often progress is told at most. What takes long is told
	// less often: a part of the time that it has taken, since all of it is kept.
	progressEvery = 2 * time.Second
	progressShare = 20
)

// errNotYet says that the host isn't up yet. It passes.
var errNotYet = errors.New("the host isn't up yet")

// sent is how the sending of a machine ended: it is told until that counts.
type sent struct {
	migration string
	err       error // nil: the machine is gone
}

// Until says how long what goes on beside wants may go on: as long as this process
// has the host.
func (b *Booter) Until(ctx context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.life = ctx
}

// await makes the host ready for a machine that runs on another, and tells where it waits.
func (b *Booter) await(ctx context.Context, want ServerWant) error {
	spec, err := b.prepare(ctx, &want, &story{clock: b.Clock})
	if err != nil {
		return err
	}
	endpoint, err := b.Hypervisor.Receive(ctx, spec)
	if err != nil {
		return fmt.Errorf("receive machine %s: %w", want.ID, err)
	}
	if last, _ := b.last(want.ID); last.endpoint == endpoint {
		return nil
	}
	if err := b.Report(ctx, cmd.ReportServerAwaited{Host: b.Name, ID: want.ID, Migration: want.Arrival, Endpoint: endpoint}); err != nil {
		return err
	}
	b.update(want.ID, func(d *did) { d.endpoint = endpoint })
	return nil
}

// depart sends a machine to the host that waits for it, beside what else is wanted.
// Nothing else is done to it: it may be gone already. Its ports follow their rules.
func (b *Booter) depart(ctx context.Context, want ServerWant) error {
	if _, err := b.plugAll(ctx, &want); err != nil {
		return err
	}
	d := want.Departure
	if d.Abort {
		b.departures.drop(want.ID, "")
	}
	if last, _ := b.last(want.ID); last.sent != nil && last.sent.migration == d.Migration {
		return b.tellSent(ctx, want, *last.sent)
	}
	if d.Abort { // an earlier process may have begun it
		short, cancel := context.WithTimeout(ctx, stopSending)
		defer cancel()
		err := b.Hypervisor.Send(short, want.ID, d.Endpoint, func(Progress) {})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, ErrUndecided) {
			return err
		}
		return b.sendingEnded(ctx, want, err)
	}
	if err := b.beginSending(ctx, want); err != nil || !d.Hurry {
		return err
	}
	return b.Hypervisor.Hurry(ctx, want.ID)
}

// beginSending sends a machine beside what else is wanted, unless that is under way.
func (b *Booter) beginSending(ctx context.Context, want ServerWant) error {
	b.mu.Lock()
	life := b.life
	b.mu.Unlock()
	if life == nil {
		return errNotYet
	}
	beside, cancel := context.WithTimeout(commands.With(life, commands.From(ctx)), sendTime)
	now := &errand{about: want.Departure.Migration, cancel: cancel, done: make(chan struct{})}
	if !b.departures.begin(want.ID, now) {
		cancel()
		return nil
	}
	go func() {
		defer b.departures.end(want.ID, now)
		defer cancel()
		err := b.sendMachine(beside, want)
		if life.Err() != nil || errors.Is(err, ErrUndecided) {
			return // the next process takes it up, or the next resync
		}
		told := context.WithoutCancel(ctx)
		if err := b.sendingEnded(told, want, err); err != nil {
			b.Logger.Warn("how the sending of a machine ended could not be reported; the next resync does", "machine", want.ID, "error", err)
		}
	}()
	return nil
}

// sendMachine sends a machine, several times where it fails.
func (b *Booter) sendMachine(ctx context.Context, want ServerWant) (err error) {
	tell := b.progress(ctx, want)
	for try := range sendTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return errors.Join(err, ctx.Err())
			case <-time.After(sendAgain):
			}
		}
		err = b.Hypervisor.Send(ctx, want.ID, want.Departure.Endpoint, tell)
		if err == nil || errors.Is(err, ErrPermanent) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// progress tells how much was sent, not too often, and only what is new.
func (b *Booter) progress(ctx context.Context, want ServerWant) func(Progress) {
	var told Progress
	var next time.Time
	began := b.Clock()
	return func(p Progress) {
		now := b.Clock()
		if p == told || now.Before(next) {
			return
		}
		told, next = p, now.Add(max(progressEvery, now.Sub(began)/progressShare))
		report := cmd.ReportServerProgress{Host: b.Name, ID: want.ID, Migration: want.Departure.Migration, Transfer: cmd.Transfer(p)}
		if err := b.Report(ctx, report); err != nil && ctx.Err() == nil {
			b.Logger.Debug("the progress of a machine could not be reported", "machine", want.ID, "error", err)
		}
	}
}

// sendingEnded notes how the sending of a machine ended, and tells it.
func (b *Booter) sendingEnded(ctx context.Context, want ServerWant, err error) error {
	end := sent{want.Departure.Migration, err}
	b.update(want.ID, func(d *did) { d.sent = &end })
	return b.tellSent(ctx, want, end)
}

func (b *Booter) tellSent(ctx context.Context, want ServerWant, end sent) error {
	if end.err == nil {
		return b.Report(ctx, cmd.ReportServerSent{Host: b.Name, ID: want.ID, Migration: end.migration})
	}
	stayed := cmd.ReportServerStayed{Host: b.Name, ID: want.ID, Migration: end.migration, Reason: reason(end.err)}
	if last, _ := b.last(want.ID); last.carried {
		stayed.Power = cmd.Power(last.power)
	}
	return b.Report(ctx, stayed)
}

package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"skylog/infra/hypervisor/qemu/qmp"
	"skylog/workers/compute"
)

const (
	// standstill is how long a guest may stand still for the last of its memory, in
	// milliseconds: what writes faster than that allows has to be hurried.
	standstill = 500

	moveJob = "move" // of the mirror; and the name of the node that it writes to
)

// Send implements compute.Mover. What an earlier process was sending is sent anew,
// unless the machine has gone.
func (d *Driver) Send(ctx context.Context, id, endpoint string, progress func(compute.Progress)) error {
	if err := checkID(id); err != nil {
		return err
	}
	m := d.machine(id)
	select {
	case m.leaving <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", compute.ErrUndecided, ctx.Err())
	}
	defer func() {
		m.hurried.Store(false)
		<-m.leaving
	}()
	if d.ctx.Err() != nil {
		return fmt.Errorf("%w: %w", compute.ErrUndecided, errClosed)
	}
	d.routes.Add(1)
	defer d.routes.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)()
	if err := m.send(ctx, endpoint, progress); err != nil {
		return fmt.Errorf("send machine %s: %w", id, err)
	}
	return nil
}

// Hurry implements compute.Mover: the guest stands still until it is sent.
func (d *Driver) Hurry(_ context.Context, id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	d.machine(id).hurried.Store(true)
	return nil
}

var errMeanwhile = errors.New("it was destroyed meanwhile")

// passage is one way of a machine to another host.
type passage struct {
	*machine
	qmp      *qmp.Client
	to       reply
	progress func(compute.Progress)
	so       compute.Progress
	stopped  bool // the guest, since there is hurry
}

// send brings the machine away, or leaves it as it was.
func (m *machine) send(ctx context.Context, endpoint string, progress func(compute.Progress)) error {
	q, gone, err := m.beginSending(ctx, endpoint)
	if gone {
		return m.confirm(ctx, nil)
	}
	if err != nil {
		return err
	}
	t, err := call(ctx, endpoint)
	if err != nil {
		return errors.Join(err, m.stay())
	}
	defer t.Close()
	p := &passage{machine: m, progress: progress}
	if p.to, err = t.ask(ctx, q); err == nil && p.to.Arrived {
		err = errors.New("the other host says that it has it already")
	}
	if err == nil {
		err = p.travel(ctx)
	}
	if err == nil {
		err = m.noteSent()
	}
	if err != nil {
		t.Close() // what is there ends, should it be what QEMU waits for here
		return errors.Join(err, m.stay())
	}
	return m.confirm(ctx, t)
}

// beginSending notes that the machine is being sent, and says what the receiver
// must know of it. Gone: it was sent already.
func (m *machine) beginSending(ctx context.Context, endpoint string) (q question, gone bool, err error) {
	r, err := record{}, m.enter(ctx)
	if err == nil {
		defer m.leave()
		r, err = m.load()
	}
	if err != nil {
		return q, false, fmt.Errorf("%w: %w", compute.ErrUndecided, err)
	}
	if r.at(sent) {
		if r.Move.To != endpoint {
			return q, false, errors.New("it was sent to another host before, which may have it")
		}
		return q, true, nil
	}
	if r.at(sending) { // left by an earlier process, or where QEMU didn't answer
		if err := m.abort(ctx, &r); err != nil {
			return q, false, err
		}
	}
	s, err := m.observe(ctx, r)
	switch {
	case err != nil:
		return q, false, err
	case r.Spec.ID == "" || r.at(awaited) || !s.process || s.power != compute.Running && s.power != compute.Paused:
		return q, false, fmt.Errorf("%w: it doesn't run here", compute.ErrPermanent)
	case r.Launch.Rescue != "":
		return q, false, fmt.Errorf("%w: it runs from a rescue image", compute.ErrPermanent)
	}
	if q, err = m.describe(ctx, &r); err != nil {
		return q, false, err
	}
	r.Move, r.Power = &move{Stage: sending, To: endpoint}, s.power
	return q, false, m.save(r)
}

// describe is what the receiver must know to start the same machine.
func (m *machine) describe(ctx context.Context, r *record) (q question, err error) {
	has, err := m.plugged(ctx)
	if err != nil {
		return q, err
	}
	q = question{Do: "prepare", ID: m.id, Launch: *r.Launch, Base: r.Base, Reboots: r.Reboots}
	q.Launch.NICs = slices.DeleteFunc(slices.Clone(r.Launch.NICs), func(n slotted) bool { return !has[n.PortID] })
	if q.DiskBytes, err = virtualSizeOfOverlay(m.file(diskName(r.Launch.Disk))); err != nil {
		return q, err
	}
	if r.Launch.ConfigDrive {
		q.ConfigDrive, err = os.ReadFile(m.file("config.iso"))
	}
	return q, err
}

// noteSent puts on file that the machine is the receiver's if that wants it.
func (m *machine) noteSent() error {
	ctx, cancel := context.WithTimeout(context.Background(), talkTime)
	defer cancel()
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.leave()
	r, err := m.load()
	if err != nil {
		return err
	}
	if !r.at(sending) {
		return errMeanwhile
	}
	if err := m.driver.step("sending"); err != nil {
		return err
	}
	r.Move.Stage = sent
	return m.save(r)
}

// confirm asks the receiver to let the machine run, or in another conversation
// whether it does, and ends what is left of it here. From here on the caller's
// wish to stop counts no more: the machine stands still.
func (m *machine) confirm(ctx context.Context, t *talk) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*prepareTime)
	defer cancel()
	defer context.AfterFunc(m.driver.ctx, cancel)() // the next driver asks
	arrived, err := m.conclude(ctx, t)
	if err != nil {
		return fmt.Errorf("%w: %w", compute.ErrUndecided, err)
	}
	if !arrived {
		return errors.New("the other host could not take it up")
	}
	return nil
}

// conclude finds out where the machine is and makes that so here.
func (m *machine) conclude(ctx context.Context, t *talk) (arrived bool, err error) {
	if err := m.enter(ctx); err != nil {
		return false, err
	}
	defer m.leave()
	r, err := m.load()
	if err != nil || !r.at(sent) {
		return false, errors.Join(err, errMeanwhile)
	}
	arrived, err = m.askArrived(ctx, &r, t)
	switch {
	case err != nil:
		return false, err
	case !arrived:
		return false, m.abort(ctx, &r)
	}
	if err := m.end(ctx); err != nil {
		return false, err
	}
	r.Power, r.Launch = compute.Stopped, nil
	return true, m.save(r)
}

// askArrived asks in the conversation that there is, and then in another.
func (m *machine) askArrived(ctx context.Context, r *record, t *talk) (bool, error) {
	console, _ := tail(m.file("console.log"), logKept)
	q := question{Do: "run", ID: m.id, Power: r.Power, Console: console}
	if t != nil {
		if err := m.driver.step("run"); err != nil {
			return false, err
		}
		if to, err := t.ask(ctx, q); err == nil {
			return to.Arrived, nil
		}
		t.Close()
	}
	t, err := call(ctx, r.Move.To)
	if errors.Is(err, errNothing) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer t.Close()
	to, err := t.ask(ctx, q)
	return to.Arrived, err
}

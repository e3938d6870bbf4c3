package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"skylog/infra/hypervisor/qemu/qmp"
	"skylog/workers/compute"
)

const (
	// standstill is how long a guest may stand still for the last of its memory, in
	// milliseconds: what writes faster than that allows has to be hurried.
	standstill = 500
	// abortTime is for QEMU to let go of what it was sending.
	abortTime = 30 * time.Second

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
		return ctx.Err()
	}
	defer func() {
		m.hurried.Store(false)
		<-m.leaving
	}()
	if d.ctx.Err() != nil {
		return errClosed
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

// stay makes a machine that could not be sent what it was. It may not be cut short.
func (m *machine) stay() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*abortTime)
	defer cancel()
	if err := m.enter(ctx); err != nil {
		return err
	}
	r, err := m.load()
	switch {
	case r.at(sending):
		err = m.abort(ctx, &r)
	case r.at(sent): // that could not be told to have been put on file, and was
		err = compute.ErrUndecided
	}
	m.leave()
	m.reviewLater() // it may have ended
	return err
}

// abort lets QEMU forget that it was sending, and the guest go on.
func (m *machine) abort(ctx context.Context, r *record) error {
	if err := m.driver.step("abort"); err != nil {
		return err
	}
	p, err := m.find()
	if err != nil {
		return err
	}
	defer p.release()
	if p != nil {
		if err := m.recall(ctx, r); err != nil && !p.ended(0) {
			return fmt.Errorf("it stands still: %w", err)
		}
	}
	r.Move = nil
	return m.save(*r)
}

// recall undoes in QEMU what a passage does.
func (m *machine) recall(ctx context.Context, r *record) error {
	if err := m.tolerant(ctx, "migrate_cancel", nil); err != nil {
		return err
	}
	err := m.poll(ctx, abortTime, func(ctx context.Context) (bool, error) {
		var progress struct{ Status string }
		err := m.execute(ctx, "query-migrate", nil, &progress)
		return slices.Contains([]string{"", "none", "cancelled", "failed", "completed"}, progress.Status), err
	})
	if err != nil {
		return err
	}
	if err := m.tolerant(ctx, "job-cancel", map[string]string{"id": moveJob}); err != nil {
		return err
	}
	err = m.poll(ctx, abortTime, func(ctx context.Context) (bool, error) {
		if err := m.tolerant(ctx, "job-dismiss", map[string]string{"id": moveJob}); err != nil { // refused until it has ended
			return false, err
		}
		var jobs []struct{ ID string }
		err := m.execute(ctx, "query-jobs", nil, &jobs)
		return !slices.ContainsFunc(jobs, func(j struct{ ID string }) bool { return j.ID == moveJob }), err
	})
	if err != nil {
		return err
	}
	if err := m.tolerant(ctx, "blockdev-del", map[string]string{"node-name": moveJob}); err != nil {
		return err
	}
	if err := m.execute(ctx, "migrate-set-capabilities", pausing(false), nil); err != nil {
		return err
	}
	if r.Power == compute.Running {
		return m.command(ctx, "cont")
	}
	return nil
}

// pausing has QEMU stand still between the last of the memory and the end, so that
// the disk can be ended too.
func pausing(on bool) any {
	return map[string]any{"capabilities": []map[string]any{{"capability": "pause-before-switchover", "state": on}}}
}

// adoptMove takes up what an earlier process left of a machine on its way.
func (m *machine) adoptMove(ctx context.Context) error {
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.leave()
	r, err := m.load()
	if err != nil || r.Move == nil {
		return err
	}
	switch r.Move.Stage {
	case sending:
		return m.abort(ctx, &r)
	case awaited:
		err = m.discard(&r)
		fallthrough
	case arrived:
		_, open := m.openDoor()
		return errors.Join(err, open)
	}
	return nil
}

// settleMove makes sure that a machine may be made what is wanted of it here.
func (m *machine) settleMove(ctx context.Context, r *record) error {
	if r.Move == nil {
		return nil
	}
	switch r.Move.Stage {
	case arrived: // it stays so on file, should the sender ask again
		return nil
	case awaited:
		return fmt.Errorf("machine %s has not come yet", m.id)
	case sent:
		there, err := m.askArrived(ctx, r, nil)
		if err != nil {
			return fmt.Errorf("machine %s: it isn't known yet where it runs: %w", m.id, err)
		}
		if there {
			return fmt.Errorf("machine %s has gone to another host", m.id)
		}
		return m.abort(ctx, r)
	}
	select {
	case m.leaving <- struct{}{}: // nobody is at it
		defer func() { <-m.leaving }()
		return m.abort(ctx, r)
	default:
		return fmt.Errorf("machine %s is being sent to another host", m.id)
	}
}

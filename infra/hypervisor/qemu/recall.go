package qemu

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"skylog/workers/compute"
)

// abortTime is for QEMU to let go of what it was sending.
const abortTime = 30 * time.Second

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

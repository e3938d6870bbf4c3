package qemu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"skylog/infra/hypervisor/qemu/qmp"
	"skylog/workers/compute"
)

// machine is one machine of the driver. What it remembers between calls is only
// a matter of speed: a process number to look at first, a connection.
type machine struct {
	id, dir string
	driver  *Driver
	turn    chan struct{} // one works on a machine at a time

	pid  int
	conn *qmp.Client

	door  *net.UnixListener // open to those who may send the machine here
	guide *talk             // the conversation by which it is coming

	leaving chan struct{} // held by who sends the machine elsewhere
	hurried atomic.Bool   // the machine may stand still until it is sent
}

var errGone = errors.New("there is no such machine")

func (m *machine) enter(ctx context.Context) error {
	select {
	case m.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *machine) leave() { <-m.turn }

// socket is a path for one of the machine's sockets which the kernel takes.
func (m *machine) socket(name string) (string, error) { return short(m.file(name)) }

// dial returns the connection to the machine's QEMU, made anew where need be.
func (m *machine) dial(ctx context.Context) (*qmp.Client, error) {
	if m.conn != nil {
		return m.conn, nil
	}
	path, err := m.socket(qmpSocket)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	c, err := qmp.Dial(ctx, path)
	if err != nil {
		return nil, err
	}
	m.conn = c
	m.driver.routes.Go(func() { m.listen(c) })
	return c, nil
}

func (m *machine) hangUp() {
	if m.conn != nil {
		m.conn.Close()
		m.conn = nil
	}
}

// listen takes every event as the hint to look, and so the connection's end.
func (m *machine) listen(c *qmp.Client) {
	for e := range c.Events() {
		switch e.Name {
		case "SHUTDOWN", "STOP", "RESUME", "GUEST_PANICKED", "BLOCK_IO_ERROR":
			m.reviewLater()
		}
	}
	m.reviewLater()
}

func (m *machine) reviewLater() {
	if m.driver.ctx.Err() != nil {
		return
	}
	if err := m.review(m.driver.ctx); err != nil && m.driver.ctx.Err() == nil {
		m.driver.log.Warn("looking at a machine", "machine", m.id, "error", err)
	}
}

// state is how a machine was found.
type state struct {
	power   compute.Power
	process bool   // it has a process
	status  string // QEMU's word for how that is
}

// observe finds out how the machine is.
func (m *machine) observe(ctx context.Context, r record) (state, error) {
	if r.Launch == nil { // written before a process starts, taken away after it ended
		m.hangUp()
		return m.offState(r), nil
	}
	p, err := m.find()
	if err != nil {
		return state{}, err
	}
	if p == nil {
		m.hangUp()
		return m.offState(r), nil
	}
	defer p.release()
	var answer struct{ Status string }
	for try := 0; ; try++ {
		c, err := m.dial(ctx)
		if err == nil {
			asking, cancel := context.WithTimeout(ctx, askTime)
			err = c.Execute(asking, "query-status", nil, &answer)
			cancel()
		}
		switch {
		case err == nil:
			return state{powerOf(answer.Status), true, answer.Status}, nil
		case p.ended(100 * time.Millisecond):
			m.hangUp()
			return m.offState(r), nil
		case try == 1:
			return state{}, fmt.Errorf("QEMU of %s doesn't answer: %w", m.id, err)
		}
		m.hangUp() // the connection was an old one
	}
}

// offState is how a machine without a process is.
func (m *machine) offState(r record) state {
	if _, err := os.Stat(m.file(memoryFile)); err == nil && r.Launch != nil {
		return state{power: compute.Suspended}
	}
	if r.Power == compute.Running || r.Power == compute.Paused || r.Power == compute.Crashed {
		return state{power: compute.Crashed}
	}
	return state{power: compute.Stopped}
}

func powerOf(status string) compute.Power {
	switch status {
	case "running", "suspended", "watchdog": // suspended is the guest's own sleep
		return compute.Running
	case "shutdown":
		return compute.Stopped
	case "guest-panicked", "internal-error":
		return compute.Crashed
	}
	return compute.Paused // paused, prelaunch, io-error, and what stands still for a migration
}

// review looks whether the machine changed by itself, ends what is left of its
// process where it did, and leaves word for Watch.
func (m *machine) review(ctx context.Context) error {
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.leave()
	r, err := m.load()
	if err != nil || r.Spec.ID == "" || r.Move != nil && !r.at(arrived) {
		return err // who moves it sees to it
	}
	s, err := m.observe(ctx, r)
	if err != nil || s.power == r.Power && !(s.process && s.status == "shutdown") {
		return err
	}
	if s.status == "prelaunch" || s.status == "inmigrate" || s.status == "postmigrate" {
		return nil // an Apply was broken off here; the next one goes on
	}
	if s.process && s.power == compute.Stopped {
		r.GuestOff = r.Applied == r.Spec.Generation && r.OffBy.IsZero()
		if err := m.settle(ctx, &r); err != nil {
			return err
		}
	}
	m.driver.log.Info("a machine changed by itself", "machine", m.id, "was", r.Power, "is", s.power)
	r.Power = s.power
	if err := m.save(r); err != nil {
		return err
	}
	m.driver.tell(m.id)
	return nil
}

// settle ends the process of a guest that is off.
func (m *machine) settle(ctx context.Context, r *record) error {
	if err := m.end(ctx); err != nil {
		return err
	}
	r.Power, r.Launch = compute.Stopped, nil
	return m.save(*r)
}

// look tells how the machine is, changing nothing.
func (m *machine) look(ctx context.Context) (compute.Machine, error) {
	if err := m.enter(ctx); err != nil {
		return compute.Machine{}, err
	}
	defer m.leave()
	if _, err := os.Stat(m.dir); err != nil {
		return compute.Machine{}, errGone
	}
	r, err := m.load()
	if err != nil {
		return compute.Machine{}, err
	}
	s, err := m.observe(ctx, r)
	if err != nil {
		return compute.Machine{}, err
	}
	return m.tell(r, s)
}

func (m *machine) tell(r record, s state) (compute.Machine, error) {
	found := compute.Machine{ID: m.id, Generation: r.Applied, Power: s.power, Reboots: r.Reboots}
	switch {
	case r.at(sending):
		found.Power = r.Power // it stands still for an instant at most
	case r.at(sent), r.at(awaited):
		found.Power = compute.Stopped
		return found, nil
	}
	if !s.process || s.power == compute.Stopped {
		return found, nil
	}
	var err error
	if found.VNCSocket, err = m.socket(vncSocket); err != nil {
		return found, err
	}
	found.Serial, err = m.socket(serialSocket)
	return found, err
}

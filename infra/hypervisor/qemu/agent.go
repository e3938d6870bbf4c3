package qemu

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	cmd "skylog/commands/compute"
	"skylog/workers/compute"
)

// QEMU's guest agent speaks JSON, a line each way, over a channel of the machine.
// Nobody knows whether it is there, nor what others left in the channel, so each
// talk begins with a question whose answer is known.
const (
	agentChannel = "org.qemu.guest_agent.0"
	// agentTime is how long a guest may take to answer, also to hold its file
	// systems still, for which it has to write what it has in memory.
	agentTime = 10 * time.Second
	// maxAgentLine is far more than any answer that is asked for here.
	maxAgentLine = 64 << 10
	// sentinel goes before what is said anew, both ways; it is in no JSON text.
	sentinel = 0xff
)

// agent is a talk with the agent in a guest.
type agent struct {
	conn     net.Conn
	said     *bufio.Reader
	patience time.Duration
}

// talk begins a talk; the agent may not be there.
func (m *machine) talk(ctx context.Context) (*agent, error) {
	path, err := m.socket(agentSocket)
	if err != nil {
		return nil, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("machine %s: %w: %w", m.id, cmd.ErrSilent, err)
	}
	a := &agent{conn, bufio.NewReaderSize(conn, maxAgentLine), m.driver.agentTime}
	if err := a.sync(); err != nil {
		return nil, errors.Join(fmt.Errorf("machine %s: %w: %w", m.id, cmd.ErrSilent, err), conn.Close())
	}
	return a, nil
}

// sync waits for the agent's answer to a question of ours.
func (a *agent) sync() error {
	if err := a.conn.SetDeadline(time.Now().Add(a.patience)); err != nil {
		return err
	}
	id := time.Now().UnixNano() & (1<<53 - 1) // what JSON's numbers can bear
	question := fmt.Appendf([]byte{sentinel}, `{"execute":"guest-sync-delimited","arguments":{"id":%d}}`+"\n", id)
	if _, err := a.conn.Write(question); err != nil {
		return err
	}
	for {
		for b := byte(0); b != sentinel; {
			var err error
			if b, err = a.said.ReadByte(); err != nil {
				return err
			}
		}
		line, err := a.said.ReadSlice('\n')
		if err != nil {
			return err
		}
		var answer struct{ Return int64 }
		if json.Unmarshal(line, &answer) == nil && answer.Return == id {
			return nil
		}
	}
}

// ask has the agent do something. What is asked for may be a secret: it is in no error.
func (a *agent) ask(command string, arguments any) error {
	if err := a.conn.SetDeadline(time.Now().Add(a.patience)); err != nil {
		return err
	}
	question, err := json.Marshal(struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
	}{command, arguments})
	if err != nil {
		return err
	}
	if _, err := a.conn.Write(append(question, '\n')); err != nil {
		return err
	}
	line, err := a.said.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	var answer struct{ Error *struct{ Desc string } }
	if err := json.Unmarshal(bytes.TrimSpace(line), &answer); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	if answer.Error != nil {
		return fmt.Errorf("%s: the guest's agent: %.300s", command, answer.Error.Desc)
	}
	return nil
}

// SetPassword implements compute.Hypervisor.
func (d *Driver) SetPassword(ctx context.Context, id, user, password string) error {
	if err := checkID(id); err != nil {
		return err
	}
	m := d.machine(id)
	if err := m.hasAgent(ctx); err != nil {
		return err
	}
	a, err := m.talk(ctx)
	if err != nil {
		return err
	}
	err = a.ask("guest-set-user-password", map[string]any{"username": user, "password": []byte(password), "crypted": false}) // bytes are base64 in JSON, as the agent wants them
	return errors.Join(err, a.conn.Close())
}

// hasAgent says whether a machine runs that has a channel for an agent.
func (m *machine) hasAgent(ctx context.Context) error {
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.leave()
	r, err := m.running(ctx)
	if err == nil && !r.Launch.Agent {
		err = fmt.Errorf("machine %s has no channel for an agent: %w", m.id, cmd.ErrSilent)
	}
	return err
}

// errQuiesce says that a guest could not be held still, though it had to be.
var errQuiesce = fmt.Errorf("%w: Failed to quiesce instance", compute.ErrPermanent)

// quiesced calls do while the agent holds the guest's file systems still. Where it
// can't, do is called all the same, unless that is required of the machine.
func (m *machine) quiesced(ctx context.Context, r record, running bool, do func() error) error {
	if !r.Launch.Agent || !running {
		if r.Spec.Quiesce {
			return fmt.Errorf("%w: machine %s must be held still by its agent, and can't be", errQuiesce, m.id)
		}
		return do()
	}
	a, err := m.talk(ctx)
	if err == nil {
		defer a.conn.Close()
		err = a.ask("guest-fsfreeze-freeze", nil)
	}
	switch {
	case err != nil && r.Spec.Quiesce:
		return fmt.Errorf("%w: %w", errQuiesce, err)
	case err != nil:
		m.driver.log.Info("a guest's file systems aren't held still for its image", "machine", m.id, "error", err)
		if a != nil { // they may be held after all: the answer was lost
			_ = a.ask("guest-fsfreeze-thaw", nil)
		}
		return do()
	}
	return errors.Join(do(), a.ask("guest-fsfreeze-thaw", nil))
}

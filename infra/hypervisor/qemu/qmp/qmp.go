// Package qmp speaks QEMU's machine protocol over a unix socket: greeting,
// capabilities, commands with their answers, and the events that come between
// them. QEMU serves one client at a time on such a socket; the next waits until
// the one before has gone.
package qmp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxLine is more than QEMU's longest answer, query-qmp-schema.
	maxLine = 4 << 20
	// eventsKept is how many events wait for their reader; beyond, new ones are
	// dropped. A reader must take an event as the hint to ask how things are.
	eventsKept = 256
)

// Error is QEMU's refusal of a command.
type Error struct {
	Class   string `json:"class"` // GenericError, CommandNotFound, DeviceNotFound …
	Message string `json:"desc"`
	Command string `json:"-"`
}

// Error says which command was refused and why.
func (e *Error) Error() string { return e.Command + ": " + e.Message + " (" + e.Class + ")" }

// Event is something that QEMU tells unasked.
type Event struct {
	Name string          `json:"event"`
	Data json.RawMessage `json:"data"`
	At   struct {
		Seconds      int64 `json:"seconds"`
		Microseconds int64 `json:"microseconds"`
	} `json:"timestamp"`
}

// ErrClosed is wrapped by what fails because the connection is gone: QEMU ended,
// or Close was called.
var ErrClosed = errors.New("QMP connection closed")

// Client is a connection to one QEMU. Its methods may be called by several
// goroutines.
type Client struct {
	conn   *net.UnixConn
	events chan Event
	done   chan struct{} // closed when the reader ends
	cause  error         // why; readable once done is closed

	mu      sync.Mutex
	last    uint64
	pending map[uint64]chan answer
}

type answer struct {
	Return json.RawMessage `json:"return"`
	Error  *Error          `json:"error"`
}

// Dial connects and gets through the greeting.
func Dial(ctx context.Context, path string) (*Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("qmp: %w", err)
	}
	c := &Client{
		conn: conn.(*net.UnixConn), events: make(chan Event, eventsKept),
		done: make(chan struct{}), pending: map[uint64]chan answer{},
	}
	greeted := make(chan struct{})
	go c.read(greeted)
	select {
	case <-greeted:
		err = c.Execute(ctx, "qmp_capabilities", nil, nil)
	case <-c.done:
		err = c.cause
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("qmp: greeting: %w", err)
	}
	return c, nil
}

// Close ends the connection; the machine goes on.
func (c *Client) Close() error {
	err := c.conn.Close()
	<-c.done
	return err
}

// Events gives what QEMU tells unasked; it is closed when the connection ends.
func (c *Client) Events() <-chan Event { return c.events }

// PID is the process at the other end.
func (c *Client) PID() (int, error) {
	raw, err := c.conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	var cerr error
	if err := raw.Control(func(fd uintptr) { cred, cerr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return 0, err
	}
	if cerr != nil {
		return 0, cerr
	}
	return int(cred.Pid), nil
}

// Execute runs a command. Arguments and result are what encoding/json makes of
// them; either may be nil. When ctx ends first the command may yet be carried out.
func (c *Client) Execute(ctx context.Context, command string, arguments, result any) error {
	return c.execute(ctx, command, arguments, result, nil)
}

// SendFile hands an open file to QEMU, which knows it by the name from then on
// ("fd:NAME" in a migration's address).
func (c *Client) SendFile(ctx context.Context, name string, f *os.File) error {
	return c.execute(ctx, "getfd", map[string]string{"fdname": name}, nil, f)
}

func (c *Client) execute(ctx context.Context, command string, arguments, result any, f *os.File) error {
	reply := make(chan answer, 1)
	id, err := c.send(ctx, command, arguments, f, reply)
	if err != nil {
		return err
	}
	defer func() {
		c.mu.Lock()
		delete(c.pending, id)
		c.mu.Unlock()
	}()
	select {
	case a := <-reply:
		if a.Error != nil {
			a.Error.Command = command
			return a.Error
		}
		if result == nil {
			return nil
		}
		if err := json.Unmarshal(a.Return, result); err != nil {
			return fmt.Errorf("%s: answer: %w", command, err)
		}
		return nil
	case <-c.done:
		return fmt.Errorf("%s: %w", command, c.cause)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", command, ctx.Err())
	}
}

func (c *Client) send(ctx context.Context, command string, arguments any, f *os.File, reply chan answer) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	request := struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
		ID        uint64 `json:"id"`
	}{command, arguments, c.last}
	line, err := json.Marshal(request)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", command, err)
	}
	var rights []byte
	if f != nil {
		rights = unix.UnixRights(int(f.Fd()))
	}
	by, ok := ctx.Deadline()
	if !ok {
		by = time.Now().Add(30 * time.Second) // a QEMU that doesn't even read is no more
	}
	c.pending[c.last] = reply
	c.conn.SetWriteDeadline(by)
	if _, _, err := c.conn.WriteMsgUnix(append(line, '\n'), rights, nil); err != nil {
		delete(c.pending, c.last)
		return 0, fmt.Errorf("%s: %w: %w", command, ErrClosed, err)
	}
	return c.last, nil
}

// read hands out answers and events until the connection ends.
func (c *Client) read(greeted chan struct{}) {
	lines := bufio.NewScanner(c.conn)
	lines.Buffer(nil, maxLine)
	c.cause = ErrClosed
	for lines.Scan() {
		var m struct {
			Greeting json.RawMessage `json:"QMP"`
			ID       uint64          `json:"id"`
			answer
			Event
		}
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			c.cause = fmt.Errorf("%w: unreadable line: %w", ErrClosed, err)
			break
		}
		switch {
		case m.Greeting != nil && greeted != nil:
			close(greeted)
			greeted = nil
		case m.Event.Name != "":
			select {
			case c.events <- m.Event:
			default:
			}
		default:
			c.mu.Lock()
			if reply, ok := c.pending[m.ID]; ok {
				delete(c.pending, m.ID)
				reply <- m.answer
			}
			c.mu.Unlock()
		}
	}
	if err := lines.Err(); err != nil && c.cause == ErrClosed {
		c.cause = fmt.Errorf("%w: %w", ErrClosed, err)
	}
	c.conn.Close()
	close(c.events)
	close(c.done)
}

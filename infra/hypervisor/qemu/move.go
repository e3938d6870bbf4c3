package qemu

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"skylog/workers/compute"
)

// A machine goes from host to host in these steps; the one who sends has all of
// them in hand.
//
//	sender                                      receiver
//	------                                      --------
//	                                            Receive: stage awaited, the door is open
//	stage sending; says how the machine
//	was started                       ──prepare──► the same QEMU, with an empty overlay,
//	                                            exports its disk and waits for the memory
//	mirrors the disk, sends the memory
//	the guest stands still; the mirror
//	ends, then the memory: the same instant
//	stage sent: it never runs here again ──run──► stage arrived; the guest goes on
//	ends its QEMU
//
// The machine is the sender's until stage sent is on file, and the receiver's
// from when arrived is. In between, whoever asks the receiver (run, again or
// by the next process) is told which it is: where it has not arrived, what is
// there of it is ended first, and the sender goes on as if nothing had been. So
// a receiver lets a machine run only for the one that prepared it in the same
// conversation, and a conversation that ends takes along what came by it.
//
// The door is a unix socket, as are those for disk and memory: nobody else on the
// machine can open them, and no guest or stranger reaches them.

// stage is where a machine is on its way.
type stage string

const (
	awaited stage = "awaited" // it may come here; nothing of it runs
	arrived stage = "arrived" // it has come, and is a machine as any other
	sending stage = "sending" // it runs here, and is being sent
	sent    stage = "sent"    // it may run elsewhere: never again here, unless it turns out that it has not arrived
)

// move is what a record holds of a machine on its way.
type move struct {
	Stage stage
	To    string `json:",omitempty"` // the endpoint that it is sent to
}

func (r *record) at(s stage) bool { return r.Move != nil && r.Move.Stage == s }

const (
	doorSocket, diskSocket, memorySocket = "door.sock", "disk.sock", "memory.sock"

	endpointScheme = "unix:"
	// talkTime is for one question and its answer between hosts; prepareTime for one
	// that has a QEMU started.
	talkTime, prepareTime = 30 * time.Second, time.Minute
	// mostSaid is how long a message may be: a config drive has 64 MiB at most.
	mostSaid = 128 << 20
)

// question is what a sender says.
type question struct {
	Do string // "prepare" or "run"
	ID string
	// What follows is of prepare.
	Launch      launch `json:",omitzero"`
	Base        string `json:",omitempty"` // the name of the base of its disk
	DiskBytes   int64  `json:",omitempty"`
	ConfigDrive []byte `json:",omitempty"`
	Reboots     uint64 `json:",omitempty"`
	// And this of run.
	Power   compute.Power `json:",omitempty"`
	Console []byte        `json:",omitempty"` // the end of its log
}

// reply is what a receiver answers.
type reply struct {
	Error     string `json:",omitempty"`
	Permanent bool   `json:",omitempty"` // the error won't go away by trying again
	// Whole: the receiver's base isn't the sender's, so it needs all of the disk.
	Whole        bool   `json:",omitempty"`
	Disk, Memory string `json:",omitempty"` // sockets
	Arrived      bool   `json:",omitempty"`
}

// talk is a conversation between two hosts about a machine.
type talk struct {
	net.Conn
	lines *bufio.Reader
}

func newTalk(c net.Conn) *talk { return &talk{c, bufio.NewReader(c)} }

var (
	errUnheard = errors.New("the other host doesn't answer")
	errNothing = errors.New("the other host has nothing of the machine")
)

// call begins a conversation. The receiver has nothing of the machine any more if
// the door isn't where the machines of its host are.
func call(ctx context.Context, endpoint string) (*talk, error) {
	path, ok := strings.CutPrefix(endpoint, endpointScheme)
	if !ok || !filepath.IsAbs(path) {
		return nil, fmt.Errorf("%w: %.200q is no endpoint for a machine", compute.ErrPermanent, endpoint)
	}
	_, there := os.Stat(filepath.Dir(filepath.Dir(path)))
	if _, err := os.Lstat(path); there == nil && errors.Is(err, fs.ErrNotExist) {
		return nil, errNothing
	}
	path, err := short(path)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, talkTime)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnheard, err)
	}
	return newTalk(c), nil
}

// ask asks and waits for the answer; ctx's end breaks the conversation off.
func (t *talk) ask(ctx context.Context, q question) (reply, error) {
	stop := context.AfterFunc(ctx, func() { t.SetDeadline(time.Now()) })
	defer stop()
	if err := t.SetDeadline(time.Now().Add(prepareTime)); err != nil {
		return reply{}, err
	}
	if ctx.Err() != nil {
		return reply{}, ctx.Err()
	}
	var r reply
	err := t.say(q)
	if err == nil {
		err = t.hear(&r)
	}
	switch {
	case ctx.Err() != nil:
		return r, ctx.Err()
	case err != nil:
		return r, fmt.Errorf("%w: %w", errUnheard, err)
	case r.Error != "" && r.Permanent:
		return r, fmt.Errorf("%w: the other host: %.300s", compute.ErrPermanent, r.Error)
	case r.Error != "":
		return r, fmt.Errorf("the other host: %.300s", r.Error)
	}
	return r, nil
}

func (t *talk) say(message any) error {
	body, err := json.Marshal(message)
	if err == nil {
		_, err = t.Write(append(body, '\n'))
	}
	return err
}

func (t *talk) hear(message any) error {
	var body []byte
	for {
		part, err := t.lines.ReadSlice('\n')
		body = append(body, part...)
		switch {
		case len(body) > mostSaid:
			return fmt.Errorf("a message of more than %d bytes", mostSaid)
		case err == nil:
			return json.Unmarshal(body, message)
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// openDoor lets senders in. It stays open until the machine is destroyed. Its socket's name leads nowhere only when the machine isn't here, so
// it is put in the place of an old one.
func (m *machine) openDoor() (endpoint string, err error) {
	endpoint = endpointScheme + m.file(doorSocket)
	if m.door != nil {
		return endpoint, nil
	}
	fresh, err := m.socket("door.new")
	if err != nil {
		return "", err
	}
	if err := os.Remove(fresh); err != nil && !os.IsNotExist(err) {
		return "", err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: fresh, Net: "unix"})
	if err != nil {
		return "", err
	}
	l.SetUnlinkOnClose(false)
	if err := os.Rename(m.file("door.new"), m.file(doorSocket)); err != nil {
		return "", errors.Join(err, l.Close())
	}
	m.door = l
	context.AfterFunc(m.driver.ctx, func() { l.Close() })
	m.driver.routes.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			m.driver.routes.Go(func() { m.converse(newTalk(c)) })
		}
	})
	return endpoint, nil
}

// closeDoor lets nobody in any more; the socket goes with the machine's folder.
func (m *machine) closeDoor() {
	if m.door != nil {
		m.door.Close()
		m.door = nil
	}
}

// heard says whether a conversation ended because the other side had no more to say.
func heard(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) }

// poll asks until it is so, an error comes or time is over.
func (m *machine) poll(ctx context.Context, most time.Duration, so func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for {
		if ok, err := so(ctx); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

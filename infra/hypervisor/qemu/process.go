package qemu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is a QEMU, held by a descriptor that no other process can come by.
type process struct {
	pid int
	fd  int
}

// find looks for the machine's process. A process that is another's, or gone,
// is never returned, whatever number it has.
func (m *machine) find() (*process, error) {
	if m.pid != 0 { // where it was last time
		if p, err := m.claim(m.pid); p != nil || err != nil {
			return p, err
		}
		m.pid = 0
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if p, err := m.claim(pid); p != nil || err != nil {
				return p, err
			}
		}
	}
	return nil, nil
}

// claim takes hold of a process if it is the machine's. It is held first and
// looked at then, so it can't be exchanged in between.
func (m *machine) claim(pid int) (*process, error) {
	if !m.owns(pid) {
		return nil, nil
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("process %d: %w", pid, err)
	}
	p := &process{pid, fd}
	if !m.owns(pid) || p.ended(0) {
		p.release()
		return nil, nil
	}
	m.pid = pid
	return p, nil
}

func (m *machine) owns(pid int) bool {
	dir := "/proc/" + strconv.Itoa(pid)
	line, err := os.ReadFile(dir + "/cmdline")
	if err != nil || len(line) == 0 {
		return false
	}
	args := strings.Split(string(line), "\x00")
	i := slices.Index(args, "-uuid")
	if i < 0 || i+1 >= len(args) || args[i+1] != m.id {
		return false
	}
	cwd, err := os.Readlink(dir + "/cwd")
	return err == nil && strings.TrimSuffix(cwd, " (deleted)") == m.dir
}

func (p *process) release() {
	if p != nil {
		unix.Close(p.fd)
	}
}

// ended waits at most so long for the process' end.
func (p *process) ended(wait time.Duration) bool {
	by := time.Now().Add(wait)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}, int(max(0, time.Until(by).Milliseconds())))
		if !errors.Is(err, unix.EINTR) {
			return err == nil && n > 0
		}
	}
}

// kill ends the process and waits until it is no more.
func (p *process) kill() error {
	err := unix.PidfdSendSignal(p.fd, unix.SIGKILL, nil, 0)
	if err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("kill process %d: %w", p.pid, err)
	}
	if !p.ended(20 * time.Second) {
		return fmt.Errorf("process %d doesn't end, though killed", p.pid)
	}
	return nil
}

// end lets QEMU write out what it holds and kills it if it won't.
func (m *machine) end(ctx context.Context) error {
	p, err := m.find()
	if err != nil || p == nil {
		return err
	}
	defer p.release()
	m.driver.log.Debug("ending", "machine", m.id, "pid", p.pid)
	if err := m.driver.step("quit"); err != nil {
		return err
	}
	if c, err := m.dial(ctx); err == nil {
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		c.Execute(short, "quit", nil, nil) // it need not answer
		cancel()
		if p.ended(5 * time.Second) {
			m.hangUp()
			return nil
		}
	}
	m.hangUp()
	return p.kill()
}

// spawn starts QEMU and waits until it answers. The guest's CPUs stand still.
func (m *machine) spawn(ctx context.Context, args []string) error {
	m.hangUp()
	for _, socket := range []string{qmpSocket, serialSocket, vncSocket, agentSocket} {
		if err := os.Remove(m.file(socket)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	complaints, err := os.OpenFile(m.file("qemu.log"), os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer complaints.Close()
	c := exec.Command(m.driver.host.QEMU, args...) // lives longer than any context of ours
	c.Dir, c.Stdout, c.Stderr = m.dir, complaints, complaints
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := m.driver.step("start"); err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("start QEMU for %s: %w", m.id, err)
	}
	m.pid = c.Process.Pid
	ended := make(chan struct{})
	go func() {
		c.Wait() // nobody else may reap it
		close(ended)
	}()
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		if _, err := m.dial(ctx); err == nil {
			return m.driver.step("started")
		}
		select {
		case <-ended:
			return fmt.Errorf("QEMU of %s ended at once: %s", m.id, m.complaint())
		case <-ctx.Done():
			return fmt.Errorf("QEMU of %s doesn't answer: %w", m.id, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// complaint is the last of what QEMU wrote.
func (m *machine) complaint() string {
	body, _ := tail(m.file("qemu.log"), 600)
	return string(bytes.TrimSpace(body))
}

// resolved is a folder's path as /proc has it.
func resolved(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

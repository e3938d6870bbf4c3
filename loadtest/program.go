package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// program is a running skylog.
type program struct {
	address string
	debug   string // where its profiles are
	data    string
	command *exec.Cmd
	exited  chan error
	// took is how long it was from the start of the process until it was ready.
	took time.Duration
	// loaded is what its log says of how its world came to be.
	loaded loaded
	mu     sync.Mutex
	log    bytes.Buffer // the end of it
}

// loaded is the log line of a start.
type loaded struct {
	Message  string `json:"msg"`
	Snapshot uint64 `json:"snapshot"`
	Frames   uint64 `json:"frames"`
	Events   uint64 `json:"events"`
	LoadedIn string `json:"loaded_in"`
}

// keptLog is how much of the program's log is kept, to show when it fails.
const keptLog = 4 << 10

// launch starts the program on a data folder and waits until it is ready.
func launch(ctx context.Context, binary, data string, args ...string) (*program, error) {
	return launchAs(ctx, nil, binary, data, args...)
}

// launchAs starts it as another user.
func launchAs(ctx context.Context, as *syscall.Credential, binary, data string, args ...string) (*program, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p := &program{address: address, data: data, exited: make(chan error, 1)}
	p.command = exec.Command(binary, append([]string{"serve", "--listen", address, "--data", data}, args...)...)
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: as}
	p.command.Dir = filepath.Dir(data) // no settings of somebody's shall be read
	p.command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SKYLOG_") })
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	complaints, err := p.command.StderrPipe()
	if err != nil {
		return nil, err
	}
	began, ready := time.Now(), make(chan struct{})
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	var readers sync.WaitGroup
	readers.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "skylog ready") {
				p.took = time.Since(began)
				close(ready)
				break
			}
		}
		_, _ = io.Copy(io.Discard, out) // ends with the process
	})
	readers.Go(func() { p.keep(complaints) })
	go func() { readers.Wait(); p.exited <- p.command.Wait() }()
	select {
	case <-ready:
		return p, nil
	case err := <-p.exited:
		return nil, fmt.Errorf("skylog ended: %w\n%s", err, p.tail())
	case <-ctx.Done():
		p.kill()
		return nil, fmt.Errorf("skylog isn't ready: %w\n%s", ctx.Err(), p.tail())
	}
}

// keep reads the log: the line that tells of the start, and the end.
func (p *program) keep(log io.Reader) {
	lines := bufio.NewReader(log)
	for {
		line, err := lines.ReadBytes('\n')
		p.mu.Lock()
		var said loaded
		if json.Unmarshal(line, &said) == nil && said.Message == "ready" {
			p.loaded = said
		}
		if p.log.Len() > keptLog {
			p.log.Reset()
		}
		p.log.Write(line)
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (p *program) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// start tells how the world came to be; the log line may come just behind the ready one.
func (p *program) start() (loaded, time.Duration, error) {
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		p.mu.Lock()
		said := p.loaded
		p.mu.Unlock()
		if said.Message != "" {
			in, err := time.ParseDuration(said.LoadedIn)
			return said, in, err
		}
		if time.Now().After(deadline) {
			return said, 0, errors.New("the log doesn't say how the start went")
		}
	}
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// stop ends the program as Ctrl-C does.
func (p *program) stop() error {
	if err := p.command.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	select {
	case err := <-p.exited:
		p.exited <- nil
		return err
	case <-time.After(20 * time.Second):
		p.kill()
		return fmt.Errorf("skylog doesn't end:\n%s", p.tail())
	}
}

// kill ends the program as a power cut does.
func (p *program) kill() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.exited
	p.exited <- nil
}

// cpu is how much processor time the program has used.
func (p *program) cpu() (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), ") ") // behind the name, which may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat has %d fields", len(fields))
	}
	ticks := 0
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	const perSecond = 100 // USER_HZ of every Linux that Go runs on
	return time.Duration(ticks) * time.Second / perSecond, nil
}

// rss is the memory that the program holds, in bytes.
func (p *program) rss() (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		var kb float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kb); err == nil {
			return kb * 1024, nil
		}
	}
	return 0, errors.New("/proc/PID/status has no VmRSS")
}

// clientCPU is how much processor time this process has used.
func clientCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// span measures the processor time of both sides of a piece of work.
type span struct {
	p              *program
	began          time.Time
	server, client time.Duration
}

func (p *program) span() (span, error) {
	server, err := p.cpu()
	return span{p, time.Now(), server, clientCPU()}, err
}

// spent is the time and the processor time since the span began.
type spent struct{ wall, server, client time.Duration }

func (s span) end() (spent, error) {
	server, err := s.p.cpu()
	return spent{time.Since(s.began), server - s.server, clientCPU() - s.client}, err
}

// tellCPU reports the processor time of one operation, which says more than a
// rate where others use the machine too.
func (l *load) tellCPU(scenario, per string, s spent, n int) {
	l.tell(scenario, "processor time of the server, "+per, s.server.Seconds()*1e6/float64(n), "µs")
	l.tell(scenario, "processor time of this client, "+per, s.client.Seconds()*1e6/float64(n), "µs")
}

// profileFor is how long a profile is taken.
const profileFor = 10 * time.Second

// watch takes a profile of what the program does from now on; done waits for it.
func (l *load) watch(name string, p *program) (done func()) {
	if l.profile == "" {
		return func() {}
	}
	var group sync.WaitGroup
	for kind, query := range map[string]string{"profile": fmt.Sprintf("profile?seconds=%d", int(profileFor.Seconds())), "allocs": fmt.Sprintf("allocs?seconds=%d", int(profileFor.Seconds()))} {
		group.Go(func() {
			k := &conn{address: p.debug}
			defer k.close()
			status, data, err := k.do("GET", "/debug/pprof/"+query, "", nil)
			if err == nil && status != 200 {
				err = fmt.Errorf("%d %.200s", status, data)
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(l.profile, name+"."+kind), data, 0o600)
			}
			if err != nil {
				fmt.Fprintf(os.Stderr, "loadtest: no %s of %s: %v\n", kind, name, err)
			}
		})
	}
	return group.Wait
}

func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(data))[:3], " ")
}

func machine() string {
	model := "unknown processor"
	data, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(data)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d processors", model, cores())
}

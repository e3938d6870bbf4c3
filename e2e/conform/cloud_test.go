package conform

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// binary is the built program. Without one, the test is skipped.
func binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("SKYLOG_CONFORM")
	if path == "" {
		t.Skip("takes minutes and the Go module proxy: make conform")
	}
	t.Parallel()
	return path
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// cloud is a skylog of the test's own, on loopback, with simulated hosts.
type cloud struct {
	t    *testing.T
	data string
	url  string
}

// newCloud starts a skylog, and ends it with the test. Hosts take at least
// latency for a step: who looks once a second must see what passes.
func newCloud(t *testing.T, program string, latency time.Duration, args ...string) *cloud {
	t.Helper()
	listen := freePort(t)
	c := &cloud{t: t, data: t.TempDir(), url: "http://" + listen}
	args = append([]string{"serve", "--data", c.data, "--listen", listen, "--simulate-hosts", "3", "--simulate-latency", latency.String()}, args...)
	p := exec.Command(program, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SKYLOG_") { // those are the tests', and would be settings to the program
			p.Env = append(p.Env, v)
		}
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	check(t, err)
	p.Stdout, p.Stderr = log, log
	p.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // a test that takes too long ends without its cleanups
	check(t, p.Start())
	exited := make(chan error, 1)
	go func() { exited <- p.Wait() }()
	t.Cleanup(func() { c.end(p, exited, log) })
	c.ready(exited, log)
	return c
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	return l.Addr().String()
}

func (c *cloud) ready(exited chan error, log *os.File) {
	c.t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(100*time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-exited:
			exited <- err // for end
			c.t.Fatalf("skylog ended: %v\n%s", err, said(log))
		case <-deadline:
			c.t.Fatalf("skylog isn't ready\n%s", said(log))
		case <-tick.C:
		}
		if r, err := http.Get(c.url + "/readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
	}
}

// end stops the program as Ctrl-C does.
func (c *cloud) end(p *exec.Cmd, exited chan error, log *os.File) {
	_ = p.Process.Signal(syscall.SIGINT) // it may have ended
	select {
	case err := <-exited:
		if err != nil {
			c.t.Errorf("skylog ended with %v\n%s", err, said(log))
		}
	case <-time.After(20 * time.Second):
		_ = p.Process.Kill()
		c.t.Errorf("skylog doesn't end\n%s", said(log))
	}
	_ = log.Close()
}

// said is the end of what the program said.
func said(log *os.File) string {
	all, _ := os.ReadFile(log.Name())
	return string(all[max(0, len(all)-4000):])
}

// password is the administrator's.
func (c *cloud) password() string {
	c.t.Helper()
	file, err := os.ReadFile(filepath.Join(c.data, "clouds.yaml"))
	check(c.t, err)
	for line := range strings.Lines(string(file)) {
		if value, is := strings.CutPrefix(strings.TrimSpace(line), "password: "); is {
			return strings.Trim(value, `"`)
		}
	}
	c.t.Fatal("clouds.yaml has no password")
	return ""
}

// openstack runs the client as the administrator and returns what it printed.
func (c *cloud) openstack(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "openstack", args...)
	command.Dir = c.data
	command.Env = append(os.Environ(), "OS_CLIENT_CONFIG_FILE="+filepath.Join(c.data, "clouds.yaml"), "OS_CLOUD=skylog", "COLUMNS=200",
		"OS_COMPUTE_API_VERSION=2.72", "OS_PLACEMENT_API_VERSION=1.18")
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err := command.Run()
	return strings.TrimSpace(out.String()), err
}

// must is openstack where nothing may fail.
func (c *cloud) must(args ...string) string {
	c.t.Helper()
	out, err := c.openstack(args...)
	if err != nil {
		c.t.Fatalf("openstack %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// made is the id of what a command makes.
func (c *cloud) made(args ...string) string {
	c.t.Helper()
	return c.must(append(args, "-f", "value", "-c", "id")...)
}

// disk is a file that counts as an image.
func (c *cloud) disk(mebibytes int) string {
	c.t.Helper()
	path := filepath.Join(c.data, fmt.Sprintf("disk-%d.raw", mebibytes))
	check(c.t, os.WriteFile(path, bytes.Repeat([]byte{'x'}, mebibytes<<20), 0o600))
	return path
}

// Package e2e tests the built binary as its users know it: by the unmodified
// openstack client, by SSH into real guests, by kill -9. It sees the wire and
// the host, never the inside.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netns"
)

// real skips a test that needs guests, root and the openstack client unless it
// was asked for.
func real(t *testing.T) {
	t.Helper()
	if os.Getenv("SKYLOG_REAL") == "" {
		t.Skip("needs root, QEMU and the openstack client: make e2e")
	}
	if os.Getuid() != 0 {
		t.Fatal("make e2e needs root: it makes network namespaces of its own")
	}
}

// binary builds skylog once for all tests.
func binary(t *testing.T) string {
	t.Helper()
	built.Do(func() {
		var dir string
		if dir, built.err = os.MkdirTemp("", "skylog-e2e-"); built.err != nil {
			return
		}
		built.path = filepath.Join(dir, "skylog")
		if out, err := exec.Command("go", "build", "-o", built.path, "skylog").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build: %w\n%s", err, out)
		}
	})
	check(t, built.err)
	return built.path
}

var built struct {
	sync.Once
	path string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.path != "" {
		_ = os.RemoveAll(filepath.Dir(built.path)) // in the system's folder for such things
	}
	os.Exit(code)
}

// cloud is a skylog of the test's own, in a network namespace of the test's own.
type cloud struct {
	t      *testing.T
	binary string
	data   string
	space  netns.NsHandle
	name   string
	args   []string
	// as is who runs the program; nil: root.
	as      *syscall.Credential
	process *exec.Cmd
	output  *output
	exited  chan error
}

const listen = "127.0.0.1:5000"

// newCloud makes a namespace and a data folder; start starts the program in them.
func newCloud(t *testing.T, args ...string) *cloud {
	t.Helper()
	c := &cloud{t: t, binary: binary(t), data: t.TempDir(), args: args, name: fmt.Sprintf("skye2e-%d", os.Getpid())}
	for _, command := range []string{"netns add " + c.name, "-n " + c.name + " link set lo up"} {
		if out, err := exec.CommandContext(t.Context(), "ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v %s", command, err, out)
		}
	}
	var err error
	c.space, err = netns.GetFromName(c.name)
	check(t, err)
	t.Cleanup(func() {
		c.stop()
		c.killGuests()
		for _, name := range c.services() { // a test that failed half way left them
			check(t, netns.DeleteNamed(name))
		}
		_ = c.space.Close()
		check(t, netns.DeleteNamed(c.name))
	})
	return c
}

// service begins the names of the namespaces in which this cloud serves DHCP and metadata.
func (c *cloud) service() string { return serviceOf(c.data) }

// serviceOf is the same of the host that has its networks in a folder.
func serviceOf(folder string) string {
	instance, err := os.ReadFile(filepath.Join(folder, "network", "instance"))
	if err != nil {
		return "none in " + folder // it had no networks of its own yet
	}
	return "skylog-" + strings.TrimSpace(string(instance)) + "-"
}

// folders are those of the cloud's hosts.
func (c *cloud) folders() []string {
	others, _ := filepath.Glob(filepath.Join(c.data, "hosts", "*")) // only a bad pattern fails
	return append(others, c.data)
}

func (c *cloud) services() (names []string) {
	for _, folder := range c.folders() {
		found, _ := filepath.Glob("/run/netns/" + serviceOf(folder) + "*")
		for _, path := range found {
			names = append(names, filepath.Base(path))
		}
	}
	return names
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// inside runs f on a thread in a network namespace.
func inside(t *testing.T, space netns.NsHandle, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := netns.Set(space); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	return <-done
}

// start starts the program and waits until it is ready.
func (c *cloud) start() {
	c.t.Helper()
	c.process = exec.Command(c.binary, append([]string{"serve", "--data", c.data, "--listen", listen}, c.args...)...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SKYLOG_") { // those are the tests', and would be settings to the program
			c.process.Env = append(c.process.Env, v)
		}
	}
	c.output = &output{}
	c.process.Stdout, c.process.Stderr = c.output, c.output
	c.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: c.as}
	check(c.t, inside(c.t, c.space, c.process.Start))
	c.exited = make(chan error, 1)
	go func(p *exec.Cmd, exited chan error) { exited <- p.Wait() }(c.process, c.exited)
	c.until(60*time.Second, "the program is ready", func() error {
		select {
		case err := <-c.exited:
			c.process = nil
			c.t.Fatalf("skylog ended: %v\n%s", err, c.output)
		default:
		}
		response, err := c.client().Get("http://" + listen + "/readyz")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("readyz is %s", response.Status)
		}
		return nil
	})
}

// client speaks to the program from within its namespace.
func (c *cloud) client() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (conn net.Conn, err error) {
			err = inside(c.t, c.space, func() (err error) {
				conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
				return err
			})
			return conn, err
		}}}
}

// stop ends the program as Ctrl-C does.
func (c *cloud) stop() {
	if c.process == nil {
		return
	}
	_ = c.process.Process.Signal(syscall.SIGINT) // it may have ended
	select {
	case err := <-c.exited:
		if err != nil {
			c.t.Errorf("skylog ended with %v:\n%s", err, tail(c.output.String()))
		}
	case <-time.After(10 * time.Second):
		c.t.Errorf("skylog doesn't end:\n%s", tail(c.output.String()))
		_ = c.process.Process.Kill()
	}
	c.process = nil
}

// kill ends the program as a power cut does.
func (c *cloud) kill() {
	c.t.Helper()
	check(c.t, c.process.Process.Kill())
	<-c.exited
	c.process = nil
}

func tail(s string) string { return s[max(0, len(s)-4000):] }

// guests are the pids of the QEMU processes of this cloud.
func (c *cloud) guests() (pids []int) {
	entries, err := os.ReadDir("/proc")
	check(c.t, err)
	for _, e := range entries {
		var pid int
		if _, err := fmt.Sscan(e.Name(), &pid); err != nil {
			continue
		}
		cwd, err := os.Readlink(filepath.Join("/proc", e.Name(), "cwd"))
		if err == nil && strings.HasPrefix(cwd, c.data) && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (c *cloud) killGuests() {
	for _, pid := range c.guests() {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
	}
}

// until waits for a condition.
func (c *cloud) until(most time.Duration, what string, f func() error) {
	c.t.Helper()
	deadline := time.Now().Add(most)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			out := ""
			if c.output != nil {
				out = tail(c.output.String())
			}
			c.t.Fatalf("not within %s: %s: %v\n%s", most, what, err, out)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// openstack runs the client and returns what it prints.
func (c *cloud) openstack(args ...string) string {
	c.t.Helper()
	out, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("openstack %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

func (c *cloud) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "openstack", args...)
	command.Env = append(os.Environ(), "OS_CLIENT_CONFIG_FILE="+filepath.Join(c.data, "clouds.yaml"), "OS_CLOUD=skylog")
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := inside(c.t, c.space, command.Start); err != nil {
		return "", err
	}
	err := command.Wait()
	if err != nil {
		return out.String() + complaint.String(), err
	}
	return out.String(), nil
}

// show reads a thing's fields.
func (c *cloud) show(args ...string) map[string]any {
	c.t.Helper()
	fields := map[string]any{}
	out := c.openstack(append(args, "-f", "json")...)
	if err := json.Unmarshal([]byte(out), &fields); err != nil {
		c.t.Fatalf("openstack %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return fields
}

// lines are what a list prints, one column.
func lines(s string) (all []string) {
	scan := bufio.NewScanner(strings.NewReader(s))
	for scan.Scan() {
		if line := strings.TrimSpace(scan.Text()); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// output is what the program says, to be read while it still speaks.
type output struct {
	mu   sync.Mutex
	said bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.String()
}

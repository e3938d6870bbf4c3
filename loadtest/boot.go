package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// nobody is the user that real guests run under here: who isn't root gets
// user-mode networks, so that nothing of this machine's network is touched.
const nobody = 65534

// boots is how many guests are made one after the other, behind the first, which brings the image.
const boots = 5

// boot is Skylog's own share of a real boot: from the request until the host
// reports that QEMU runs the guest. What the guest does from there on is its own.
func boot(ctx context.Context, l *load) error {
	if _, err := exec.LookPath("qemu-system-x86_64"); err != nil {
		fmt.Fprintln(l.out, "boot      left out: QEMU isn't installed")
		return nil
	}
	out, err := exec.CommandContext(ctx, l.binary, "demo-image").Output()
	if err != nil {
		return fmt.Errorf("build the demo image: %w", err)
	}
	said := strings.Split(strings.TrimSpace(string(out)), "\n")
	image, err := os.ReadFile(said[len(said)-1])
	if err != nil {
		return err
	}
	data := filepath.Join(l.dir, "boot")
	var as *syscall.Credential
	if os.Getuid() == 0 {
		as = &syscall.Credential{Uid: nobody, Gid: nobody}
		if err := give(l.dir, data); err != nil {
			return err
		}
	}
	p, err := launchAs(ctx, as, l.binary, data, "--hypervisor", "qemu", "--accelerator", "tcg")
	if err != nil {
		return err
	}
	defer func() { p.kill(); killGuests(data) }()
	c := &cloud{program: p}
	if err := c.enter(); err != nil {
		return err
	}
	if err := c.upload("demo", "qcow2", image); err != nil {
		return err
	}
	var took []time.Duration
	for i := range boots + 1 {
		one, err := c.bootOne(ctx, i)
		if err != nil {
			return err
		}
		if i > 0 {
			took = append(took, one)
		}
	}
	l.report(figure{Scenario: "boot", What: "POST to the report that QEMU runs the guest (TCG, image cached), p50", Value: quantile(took, 0.5), Unit: "ms", Aim: 150, Most: true})
	l.tell("boot", "the same, the slowest", quantile(took, 1), "ms")
	return nil
}

// give lets nobody work in a new folder.
func give(dir, data string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	return os.Chown(data, nobody, nobody)
}

// bootOne makes a guest, says how long it took until it ran, and deletes it.
func (c *cloud) bootOne(ctx context.Context, i int) (time.Duration, error) {
	k := &conn{address: c.program.address}
	defer k.close()
	body, err := json.Marshal(map[string]any{"server": map[string]any{"name": fmt.Sprintf("boot%d", i), "imageRef": c.image, "flavorRef": flavor}})
	if err != nil {
		return 0, err
	}
	began := time.Now()
	reply, err := k.insist(ctx, "POST", "/compute/v2.1/servers", c.admin, body, 202)
	if err != nil {
		return 0, err
	}
	var made struct {
		Server struct {
			ID string `json:"id"`
		} `json:"server"`
	}
	if err := json.Unmarshal(reply, &made); err != nil {
		return 0, err
	}
	for ctx.Err() == nil {
		var story struct {
			History []struct {
				Type  string    `json:"type"`
				Asked time.Time `json:"asked"`
			} `json:"history"`
		}
		if err := k.call("GET", "/v1/history/compute/server/"+made.Server.ID, c.admin, nil, &story); err != nil && !strings.Contains(err.Error(), ": 404 ") {
			return 0, err
		}
		for _, e := range story.History {
			switch {
			case strings.HasSuffix(e.Type, "server.booted"):
				_, err := k.insist(ctx, "DELETE", "/compute/v2.1/servers/"+made.Server.ID, c.admin, nil, 204)
				return e.Asked.Sub(began), err
			case strings.HasSuffix(e.Type, "build_failed"):
				return 0, fmt.Errorf("a guest could not be built:\n%s", c.program.tail())
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return 0, ctx.Err()
}

// killGuests ends the guests that work below a folder: they outlive the program.
func killGuests(dir string) {
	processes, _ := filepath.Glob("/proc/[0-9]*") // only a bad pattern fails
	for _, process := range processes {
		cwd, err := os.Readlink(filepath.Join(process, "cwd"))
		var pid int
		if _, no := fmt.Sscan(filepath.Base(process), &pid); err == nil && no == nil && strings.HasPrefix(cwd, dir+"/") {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
	}
}

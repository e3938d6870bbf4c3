// Package imageconvert brings disks from one format into another by qemu-img,
// which gets as much memory, time and disk as it is given here and no more. It
// must only be shown what was inspected before: it doesn't look itself.
package imageconvert

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Converter runs qemu-img under limits. Zero is a default.
type Converter struct {
	// Program is run in the place of qemu-img, in tests.
	Program string
	// MaxMemory is how many bytes of address space it may have.
	MaxMemory int64
	// MaxCPU is how long it may keep a processor busy, MaxTime how long it may take.
	MaxCPU, MaxTime time.Duration
}

// The defaults of the limits. The memory is for QEMU's threads and their stacks:
// the tables of the largest disk that is let in take some hundred mebibytes.
const (
	maxMemory = 2 << 30
	maxCPU    = 20 * time.Minute
	maxTime   = time.Hour
	maxSaid   = 512 // bytes of what it complains about
)

// formats are QEMU's names of the disk formats that have another.
var formats = map[string]string{"vhd": "vpc", "ploop": "parallels", "iso": "raw", "aki": "raw", "ari": "raw", "ami": "raw"}

func driver(format string) string {
	if name, ok := formats[format]; ok {
		return name
	}
	return format
}

func or[T int64 | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// Available says whether this machine can convert at all.
func Available() error {
	for _, program := range []string{"prlimit", "qemu-img"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("disks can't be converted: %w", err)
		}
	}
	return nil
}

// Convert writes the disk at from, which is known to be of a format, to a new
// file of another format and of at most so many bytes. After an error there may
// be a part of it. Both paths must be absolute, so that no part of them is taken
// for a protocol.
func (c *Converter) Convert(ctx context.Context, from, format, to, as string, maxBytes int64) error {
	program := c.Program
	if program == "" {
		program = "qemu-img"
	}
	ctx, cancel := context.WithTimeout(ctx, or(c.MaxTime, maxTime))
	defer cancel()
	limit := func(name string, n int64) string { return "--" + name + "=" + strconv.FormatInt(n, 10) }
	run := exec.CommandContext(ctx, "prlimit", limit("as", or(c.MaxMemory, maxMemory)), limit("cpu", int64(or(c.MaxCPU, maxCPU).Seconds())),
		limit("fsize", maxBytes), limit("core", 0), limit("nofile", 64), "--",
		program, "convert", "-q", "-f", driver(format), "-O", driver(as), from, to)
	run.Env = []string{"LC_ALL=C", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	run.Cancel = func() error { return syscall.Kill(-run.Process.Pid, syscall.SIGKILL) }
	run.WaitDelay = time.Second
	var said bytes.Buffer
	run.Stderr = &bounded{&said}
	if err := run.Run(); err != nil {
		return fmt.Errorf("convert %s to %s: %w: %s", format, as, err, strings.TrimSpace(said.String()))
	}
	return nil
}

// bounded takes in the first of what is written, and drops the rest.
type bounded struct{ to *bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if room := maxSaid - b.to.Len(); room > 0 {
		b.to.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

package qemu

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"skylog/workers/compute"
)

// What is kept of a log, and from how much on the rest is cut off.
const (
	logKept = 512 << 10
	logMost = 1 << 20
)

// ConsoleLog returns the end of what the machine wrote to its serial console.
func (d *Driver) ConsoleLog(_ context.Context, id string, most int) ([]byte, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	body, err := tail(filepath.Join(d.dir, id, "console.log"), min(max(most, 0), logKept))
	if os.IsNotExist(err) {
		return nil, nil // it has never run
	}
	return body, err
}

// Dial implements compute.Hypervisor.
func (d *Driver) Dial(ctx context.Context, id string, c compute.Console) (net.Conn, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	name := serialSocket
	if c == compute.VNC {
		name = vncSocket
	}
	path, err := d.machine(id).socket(name)
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", path)
}

// tail reads the end of a file.
func tail(path string, most int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(max(0, info.Size()-int64(most)), io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, int64(most)))
}

// trimLogs keeps every machine's logs small for as long as the driver lives.
func (d *Driver) trimLogs() {
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	for {
		select {
		case <-d.ctx.Done():
			return
		case <-tick.C:
		}
		d.mu.Lock()
		dirs := make([]string, 0, len(d.machines))
		for _, m := range d.machines {
			dirs = append(dirs, m.dir)
		}
		d.mu.Unlock()
		for _, dir := range dirs {
			for _, name := range []string{"console.log", "qemu.log"} {
				if err := trim(filepath.Join(dir, name)); err != nil && !os.IsNotExist(err) {
					d.log.Warn("bounding a log", "error", err)
				}
			}
		}
	}
}

// trim gives back the disk below all but the end of a log. QEMU goes on
// appending meanwhile and no byte of what it writes is lost, since the file
// keeps its length: what is cut off becomes a hole. Where the file system makes
// no holes the file is emptied.
func trim(path string) error {
	var s unix.Stat_t
	if err := unix.Stat(path, &s); err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if s.Blocks*512 <= logMost {
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	const page = 64 << 10 // more than any file system's block
	cut := (s.Size - logKept) / page * page
	err = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, cut)
	if err == unix.EOPNOTSUPP {
		err = f.Truncate(0)
	}
	if err != nil {
		return fmt.Errorf("trim %s: %w", path, err)
	}
	return nil
}

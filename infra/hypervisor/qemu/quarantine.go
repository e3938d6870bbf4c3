package qemu

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// quarantineDir is the folder, among those of the machines, of what was set aside.
const quarantineDir = "quarantine"

// Quarantine kills the machine's process and moves its folder, with its disk and
// all, to quarantine/ID-N. Nothing of it is removed.
func (d *Driver) Quarantine(ctx context.Context, id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	m := d.machine(id)
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.leave()
	m.closeDoor()
	if err := m.kill(); err != nil {
		return fmt.Errorf("set machine %s aside: %w", id, err)
	}
	if _, err := os.Stat(m.dir); os.IsNotExist(err) {
		return nil
	}
	if err := d.step("quarantine"); err != nil {
		return err
	}
	to, err := d.quarantineFor(id)
	if err == nil {
		err = os.Rename(m.dir, to)
	}
	if err != nil {
		return fmt.Errorf("set machine %s aside: %w", id, err)
	}
	d.mu.Lock()
	delete(d.changed, id)
	d.mu.Unlock()
	d.log.Warn("a machine that nobody wants was set aside", "machine", id, "folder", to)
	return nil
}

// kill ends the machine's process, if it has one, the hard way.
func (m *machine) kill() error {
	p, err := m.find()
	if err != nil {
		return err
	}
	if p != nil {
		defer p.release()
		if err := p.kill(); err != nil {
			return err
		}
	}
	m.hangUp()
	m.pid = 0
	return nil
}

// quarantineFor is a folder's name that is free.
func (d *Driver) quarantineFor(id string) (string, error) {
	dir := filepath.Join(d.dir, quarantineDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		path := filepath.Join(dir, id+"-"+strconv.Itoa(n))
		if _, err := os.Lstat(path); os.IsNotExist(err) {
			return path, nil
		} else if err != nil {
			return "", err
		}
	}
}

package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"skylog/workers/compute"
)

const (
	capturePart = "capture.part"
	captureJob  = "capture"
	// captureTime bounds how long a disk is copied.
	captureTime = time.Hour
)

// Capture implements compute.Hypervisor. QEMU copies the disk of a machine that
// runs, as it was when that began; qemu-img that of one which doesn't.
func (d *Driver) Capture(ctx context.Context, id string, save func(io.Reader, int64) error) error {
	if err := checkID(id); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, captureTime)
	defer cancel()
	m := d.machine(id)
	defer os.Remove(m.file(capturePart))
	if err := m.copyOut(ctx); err != nil {
		return fmt.Errorf("capture the disk of %s: %w", id, err)
	}
	f, err := os.Open(m.file(capturePart))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return save(f, info.Size())
}

// copyOut makes the copy.
func (m *machine) copyOut(ctx context.Context) error {
	running, err := m.beginCopy(ctx)
	if err != nil || !running {
		return err
	}
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for {
		done, err := m.copied(ctx)
		if err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			m.dropCopy()
			return ctx.Err()
		case <-look.C:
		}
	}
}

// beginCopy makes the copy where there is no process, and says whether one began to.
func (m *machine) beginCopy(ctx context.Context) (running bool, err error) {
	if err := m.enter(ctx); err != nil {
		return false, err
	}
	defer m.leave()
	r, err := m.load()
	if err != nil {
		return false, err
	}
	if r.Spec.ID == "" {
		return false, fmt.Errorf("%w: %w", compute.ErrPermanent, errGone)
	}
	if r.Move != nil && !r.at(arrived) {
		return false, errors.New("it is on its way to another host, or from one")
	}
	s, err := m.observe(ctx, r)
	if err != nil {
		return false, err
	}
	if !s.process {
		return false, m.imgWithin(ctx, captureTime, "convert", "-q", "-O", "qcow2", chain(r.Spec.Disk), capturePart)
	}
	m.endCopy(ctx)
	size, err := virtualSizeOfOverlay(m.file(diskName(r.Launch.Disk)))
	if err != nil {
		return false, err
	}
	if err := m.img(ctx, "create", "-q", "-f", "qcow2", capturePart, fmt.Sprint(size)); err != nil {
		return false, err
	}
	target := map[string]any{"driver": "qcow2", "node-name": "capture", "discard": "unmap", "file": map[string]any{"driver": "file", "filename": capturePart}}
	if err := m.execute(ctx, "blockdev-add", target, nil); err != nil {
		return false, err
	}
	backup := map[string]any{"job-id": captureJob, "device": "disk", "target": "capture", "sync": "full", "auto-dismiss": false}
	return true, m.quiesced(ctx, r, s.power == compute.Running, func() error { return m.execute(ctx, "blockdev-backup", backup, nil) })
}

// chain is how qemu-img opens a disk upon its base, whatever their headers say.
func chain(d compute.Disk) string {
	base := map[string]any{"driver": d.BaseFormat, "file": map[string]any{"driver": "file", "filename": d.BasePath}}
	if d.BaseFormat == "qcow2" {
		base["backing"] = nil
	}
	whole, _ := json.Marshal(map[string]any{"driver": "qcow2", "file": map[string]any{"driver": "file", "filename": diskName(d.Number)}, "backing": base}) // strings and null
	return "json:" + string(whole)
}

// copied says whether QEMU has made its copy, and lets go of it then.
func (m *machine) copied(ctx context.Context) (done bool, err error) {
	if err := m.enter(ctx); err != nil {
		return false, err
	}
	defer m.leave()
	var jobs []struct{ ID, Status, Error string }
	if err := m.execute(ctx, "query-jobs", nil, &jobs); err != nil {
		return false, err
	}
	for _, job := range jobs {
		if job.ID != captureJob {
			continue
		}
		if job.Status != "concluded" {
			return false, nil
		}
		m.endCopy(ctx)
		if job.Error != "" {
			return false, fmt.Errorf("QEMU: %.300s", job.Error)
		}
		return true, nil
	}
	return false, fmt.Errorf("QEMU has lost the job")
}

// dropCopy breaks a copy off.
func (m *machine) dropCopy() {
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	if m.enter(ctx) != nil {
		return
	}
	defer m.leave()
	m.endCopy(ctx)
}

// endCopy lets go of a copy, made or not: QEMU refuses what isn't there.
func (m *machine) endCopy(ctx context.Context) {
	if m.conn == nil {
		return
	}
	job := map[string]string{"id": captureJob}
	_ = m.execute(ctx, "job-cancel", job, nil)
	for there := true; there && ctx.Err() == nil; {
		_ = m.execute(ctx, "job-dismiss", job, nil) // refused until it has ended
		var jobs []struct{ ID string }
		if m.execute(ctx, "query-jobs", nil, &jobs) != nil {
			return
		}
		if there = len(jobs) > 0; there {
			time.Sleep(20 * time.Millisecond)
		}
	}
	_ = m.execute(ctx, "blockdev-del", map[string]string{"node-name": "capture"}, nil)
}

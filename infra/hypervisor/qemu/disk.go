package qemu

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"skylog/workers/compute"
)

const (
	gib = int64(1) << 30
	// qemu-img writes a header and little else here; more than this is a fault.
	imgTime   = time.Minute
	imgMemory = "--as=2147483648"
)

// virtualSize reads how large a disk an image is, and refuses what would make
// QEMU open further files. It reads no more than the header and trusts the
// format it is given.
func virtualSize(path, format string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if format == "raw" {
		info, err := f.Stat()
		if err != nil {
			return 0, err
		}
		return (info.Size() + 511) &^ 511, nil
	}
	if format != "qcow2" {
		return 0, fmt.Errorf("%w: image %s is said to be %q, which is no format for a disk", compute.ErrPermanent, filepath.Base(path), format)
	}
	header := make([]byte, 104)
	if _, err := io.ReadFull(f, header); err != nil {
		return 0, fmt.Errorf("%w: image %s has no whole header: %w", compute.ErrPermanent, filepath.Base(path), err)
	}
	version := binary.BigEndian.Uint32(header[4:])
	size := int64(binary.BigEndian.Uint64(header[24:]))
	const externalData = 1 << 2
	var fault string
	switch {
	case string(header[:4]) != "QFI\xfb" || version < 2 || version > 3:
		fault = "isn't qcow2"
	case binary.BigEndian.Uint64(header[8:]) != 0:
		fault = "has a backing file"
	case version == 3 && binary.BigEndian.Uint64(header[72:])&externalData != 0:
		fault = "has an external data file"
	case size <= 0:
		fault = "has no size"
	default:
		return size, nil
	}
	return 0, fmt.Errorf("%w: image %s %s", compute.ErrPermanent, filepath.Base(path), fault)
}

const rescueDisk = "rescue.qcow2"

// diskName is the file of the disk of a number.
func diskName(number uint64) string {
	if number == 0 {
		return "disk.qcow2"
	}
	return fmt.Sprintf("disk-%d.qcow2", number)
}

// makeDisks makes the disks that are wanted and removes those that aren't. A disk
// that was made before and isn't there is never made anew: what was on it would
// be lost without a word. The process doesn't run.
func (m *machine) makeDisks(ctx context.Context, spec compute.MachineSpec, r *record) error {
	want, keep := spec.Disk, map[string]bool{diskName(spec.Disk.Number): true}
	for _, number := range want.Keep {
		keep[diskName(number)] = true
	}
	if slices.Contains(r.Made, want.Number) {
		if _, err := os.Stat(m.file(diskName(want.Number))); os.IsNotExist(err) {
			return fmt.Errorf("%w: %s of %s is missing", compute.ErrPermanent, diskName(want.Number), m.id)
		}
	}
	if want.Copy {
		if err := m.copyDisk(diskName(want.From), diskName(want.Number)); err != nil {
			return fmt.Errorf("disk of %s: %w", m.id, err)
		}
	}
	if err := m.makeDisk(ctx, diskName(want.Number), want); err != nil {
		return err
	}
	if err := m.noteDisks(want, r); err != nil {
		return err
	}
	if spec.Rescue != nil {
		keep[rescueDisk] = true
		base := compute.Disk{BasePath: spec.Rescue.Path, BaseFormat: spec.Rescue.Format, SizeGiB: want.SizeGiB}
		if err := m.makeDisk(ctx, rescueDisk, base); err != nil {
			return err
		}
	}
	if err := m.driver.step("disks"); err != nil {
		return err
	}
	disks, err := filepath.Glob(m.file("*.qcow2"))
	if err != nil {
		return err
	}
	for _, path := range disks {
		if !keep[filepath.Base(path)] {
			if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
				return err
			}
		}
	}
	return nil
}

// noteDisks puts on record which disks were made, and no more those that may go.
func (m *machine) noteDisks(want compute.Disk, r *record) error {
	made := slices.DeleteFunc(slices.Clone(r.Made), func(n uint64) bool { return n == want.Number || !slices.Contains(want.Keep, n) })
	made = append(made, want.Number)
	if slices.Equal(made, r.Made) {
		return nil
	}
	r.Made = made
	return m.save(*r)
}

// copyDisk copies a disk where the copy isn't there yet.
func (m *machine) copyDisk(from, to string) (err error) {
	if _, err := os.Stat(m.file(to)); err == nil {
		return nil
	}
	source, err := os.Open(m.file(from))
	if err != nil {
		return err
	}
	defer source.Close()
	part, err := os.OpenFile(m.file("disk.part"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err = io.Copy(part, source); err == nil { // the kernel copies, and shares what it can
		err = part.Sync()
	}
	if err = errors.Join(err, part.Close()); err != nil {
		return err
	}
	if err := m.driver.step("copy"); err != nil {
		return err
	}
	return os.Rename(m.file("disk.part"), m.file(to))
}

// makeDisk makes the overlay where there is none, and grows it where it is
// smaller than wanted.
func (m *machine) makeDisk(ctx context.Context, name string, want compute.Disk) error {
	size, err := virtualSize(want.BasePath, want.BaseFormat)
	if err != nil {
		return fmt.Errorf("disk of %s: %w", m.id, err)
	}
	size = max(size, int64(want.SizeGiB)*gib)
	disk := m.file(name)
	has, err := virtualSizeOfOverlay(disk)
	switch {
	case errors.Is(err, os.ErrNotExist):
		// The overlay is told of its base only for people's sake: it is opened
		// neither here (-u) nor by QEMU, which is told the base's node.
		if err := m.img(ctx, "create", "-q", "-u", "-f", "qcow2", "-F", want.BaseFormat, "-b", want.BasePath, "disk.part", fmt.Sprint(size)); err != nil {
			return err
		}
		if err := m.driver.step("disk"); err != nil {
			return err
		}
		return os.Rename(m.file("disk.part"), disk)
	case err != nil:
		return fmt.Errorf("disk of %s: %w", m.id, err)
	case has < size:
		return m.img(ctx, "resize", "-q", `json:{"driver":"qcow2","file":{"driver":"file","filename":"`+name+`"},"backing":null}`, fmt.Sprint(size))
	}
	return nil
}

// virtualSizeOfOverlay reads the size of a disk of our own making.
func virtualSizeOfOverlay(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	header := make([]byte, 32)
	if _, err := io.ReadFull(f, header); err != nil {
		return 0, err
	}
	return int64(binary.BigEndian.Uint64(header[24:])), nil
}

// img runs qemu-img in the machine's folder, bounded in time and memory.
func (m *machine) img(ctx context.Context, args ...string) error {
	return m.imgWithin(ctx, imgTime, args...)
}

func (m *machine) imgWithin(ctx context.Context, most time.Duration, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	command := append([]string{m.driver.host.Img}, args...)
	if prlimit, err := exec.LookPath("prlimit"); err == nil {
		command = append([]string{prlimit, imgMemory, fmt.Sprintf("--cpu=%d", int(most.Seconds()))}, command...)
	}
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Dir, c.WaitDelay = m.dir, time.Second
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("qemu-img %s for %s: %w: %.300s", args[0], m.id, err, strings.TrimSpace(string(out)))
	}
	return nil
}

package qemu

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/renameio/v2"

	"skylog/workers/compute"
)

// record is what machine.json holds.
type record struct {
	Spec    compute.MachineSpec // the newest that was asked for, without its config drive
	Applied uint64              // the newest generation that was carried out in full
	Reboots uint64              // the last of Spec.Reboots that was carried out
	Power   compute.Power       // what the machine was brought to, or last seen in
	// GuestOff says that the guest powered itself off since Applied. Applying the
	// same generation again leaves it so: that is the guest's owner's wish.
	GuestOff bool
	// OffBy is when a guest that was asked to power off is stopped the hard way.
	OffBy time.Time
	// Base is the name of the file upon which the disk was made; Disk is its number.
	Base string
	Disk uint64
	// Made are the numbers of the disks that were made and must not be missing.
	Made []uint64 `json:",omitempty"`
	// Move is set while the machine is on its way to or from another host, and where
	// it came to.
	Move *move `json:",omitempty"`
	// Launch is how the running process, or the saved memory, was started. Where
	// it is nil there is neither.
	Launch *launch
}

// launch is what of a process can't be changed while it lives, or must be the
// same for its memory to be taken up again.
type launch struct {
	Machine, Accelerator string
	VCPUs, RAMMiB        int
	ConfigDrive          bool
	Agent                bool `json:",omitempty"` // there is a channel to the guest's agent
	Disk                 uint64
	Rescue               string // the name of the image that it runs from instead
	NICs                 []slotted
}

// holds says whether a process that was started so has the disks that are wanted.
func (l *launch) holds(spec *compute.MachineSpec) bool {
	return l.Disk == spec.Disk.Number && l.Rescue == rescueName(spec)
}

func rescueName(spec *compute.MachineSpec) string {
	if spec.Rescue == nil {
		return ""
	}
	return filepath.Base(spec.Rescue.Path)
}

// slotted is a NIC with its place on the PCI bus.
type slotted struct {
	compute.NIC
	Slot int
}

// The places of the devices that every machine has. NICs come behind; a PCI bus
// ends at 31.
const (
	slotVGA, slotDisk, slotConfig, slotRNG, slotRescued, slotChannels = 2, 3, 4, 5, 6, 7

	firstNICSlot, lastSlot = 8, 31
)

// freeSlot returns the lowest place that no NIC has.
func (l *launch) freeSlot() (int, bool) {
	for slot := firstNICSlot; slot <= lastSlot; slot++ {
		if !slices.ContainsFunc(l.NICs, func(n slotted) bool { return n.Slot == slot }) {
			return slot, true
		}
	}
	return 0, false
}

func (m *machine) file(name string) string { return filepath.Join(m.dir, name) }

// load reads the record; a machine that has none yet gets an empty one.
func (m *machine) load() (record, error) {
	var r record
	body, err := os.ReadFile(m.file("machine.json"))
	if os.IsNotExist(err) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(body, &r)
	}
	if err != nil {
		return r, fmt.Errorf("machine %s: its record: %w", m.id, err)
	}
	if r.Made == nil && r.Applied > 0 && r.Applied == r.Spec.Generation {
		r.Made = []uint64{r.Disk} // an older build's record: what was carried out in full has its disk
	}
	return r, nil
}

// save makes the record last before anything is built on it.
func (m *machine) save(r record) error {
	if err := m.driver.step("save"); err != nil {
		return err
	}
	r.Spec.ConfigDrive = nil // it may hold a password, and stands in a file of its own
	body, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(m.file("machine.json"), body, 0o600); err != nil {
		return fmt.Errorf("machine %s: its record: %w", m.id, err)
	}
	return nil
}

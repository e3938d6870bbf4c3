package compute

import (
	"errors"
	"time"
)

// What a host answers who asks it about the inside of one of its machines while
// somebody waits. Nothing of it is stored: what is counted isn't a fact of the cloud.

// ErrNotRunning says that a machine can't be asked, since it doesn't run.
var ErrNotRunning = errors.New("the machine isn't running")

// ErrSilent says that no agent answers in the guest.
var ErrSilent = errors.New("no agent answers in the guest")

// Diagnostics are what a host has counted of a machine since it began to run.
type Diagnostics struct {
	Hypervisor string          // qemu, kvm or fake
	CPUs       []time.Duration // how long each has worked
	RAMMiB     int             // what the guest was given
	// RSSKiB is how much of the host's memory the machine takes.
	RSSKiB uint64
	Disks  []DiskCounts
	NICs   []NICCounts
}

// DiskCounts are those of a disk, as its guest used it.
type DiskCounts struct {
	Device                                                     string // vda …
	ReadRequests, ReadBytes, WriteRequests, WriteBytes, Errors uint64
}

// NICCounts are those of a NIC, as its guest sees them.
type NICCounts struct {
	MAC string
	// Device is what the NIC is plugged into on its host; empty where nothing is
	// counted, as in a network of the hypervisor's own.
	Device   string
	Received Traffic
	Sent     Traffic
}

// Traffic is what went one way.
type Traffic struct{ Bytes, Packets, Errors, Drops uint64 }

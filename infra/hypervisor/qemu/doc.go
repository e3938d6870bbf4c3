// Package qemu runs the machines of a host as QEMU processes and speaks to them
// over QMP. Nothing but QEMU itself stands between: no daemon, no libvirt.
//
// # What is on the host
//
// Each machine has one folder, named for its id:
//
//	machine.json   what is wanted of it and how far that has come (record)
//	disk.qcow2     its disk, an overlay upon a base that nobody writes
//	config.iso     its config drive
//	memory         its memory, while it is suspended
//	console.log    what it wrote to its serial console, bounded
//	qemu.log       what its QEMU complained of, bounded
//	*.sock         QMP, serial console, VNC, the guest's agent; and while a machine
//	               comes, its door, its disk and its memory
//
// QEMU runs in a session of its own with that folder as working directory, so
// guests outlive this program and the sockets' names stay short enough for unix
// sockets however long the folder's path is.
//
// # What is true
//
// Whether a machine runs is asked of /proc and of QEMU, never of a file: a
// process is a machine's if its arguments name the machine's UUID and its working
// directory is the machine's folder. No pid is stored, so none can be mistaken
// after it was given to another process. machine.json holds only what can't be
// found out: what was wanted, and what was done once and may not be done again.
// It is written before each step that it makes possible to finish, so that the
// program may be killed at any instant; the next Apply starts where things are.
//
// QEMU is started with -no-shutdown: a guest that powers itself off leaves its
// process standing until the driver has seen it, even if the driver wasn't there
// at the time. That is how a power-off is told from a crash.
//
// # How a machine moves
//
// Hosts talk to each other, over unix sockets, so a machine goes between the
// hosts of one computer only; how, and why it never runs twice, stands in move.go.
// The sender mirrors the disk, which is an overlay on the same base there, and
// then sends the memory; both end while the guest stands still. An earlier
// driver's sending that wasn't over is taken back at the start of the next one,
// so that the guest goes on.
//
// # What it doesn't do
//
// A changed number of CPUs or MiB, a grown disk or another config drive take
// effect at the next start of the process; NICs are plugged and unplugged at
// once. While no driver runs, nobody bounds console.log. Images are never probed:
// every format is given, a base with a backing file or an external data file is
// refused, and QEMU is told the whole chain instead of reading it from headers.
package qemu

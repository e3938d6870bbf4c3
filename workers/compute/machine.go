// Package compute is the work of a compute host: it makes the machines of one
// host what their wants say, and reports what came of it. It declares what it
// needs of a hypervisor, of the host's network and of the image bytes; package
// infra has the implementations. It decides nothing and knows no world.
package compute

import (
	"context"
	"io"
	"net"
	"net/netip"

	cmd "skylog/commands/compute"
)

// Power is the state a machine is wanted in, or was found in.
type Power string

// The states a machine can be in. Crashed is only ever found, never wanted.
const (
	Running   Power = "running"
	Stopped   Power = "stopped"   // powered off; its disks stay
	Paused    Power = "paused"    // its CPUs stand still, its memory stays in RAM
	Suspended Power = "suspended" // its memory is on disk, no process runs
	Crashed   Power = "crashed"
)

// Hypervisor runs the machines of this host. Every call may be repeated with
// the same arguments and must then change nothing.
type Hypervisor interface {
	Mover
	// Facts tells what the host has to give.
	Facts(ctx context.Context) (Facts, error)
	// Machines lists every machine the driver has on this host, running or not,
	// including those it adopted from an earlier process.
	Machines(ctx context.Context) ([]Machine, error)
	// Apply makes the machine what the spec says, making it where it isn't there,
	// and returns what it found at the end. An error that wraps ErrPermanent will
	// not go away by trying again.
	Apply(ctx context.Context, m MachineSpec) (Machine, error)
	// Destroy ends the machine and removes all that belongs to it. A machine that
	// isn't there is no error.
	Destroy(ctx context.Context, id string) error
	// Quarantine stops a machine that nobody wants the hard way, and sets all that
	// it has aside where an operator finds it; it is no machine of the host any
	// more. One that isn't there is no error.
	Quarantine(ctx context.Context, id string) error
	// Capture calls save with the machine's disk, as it is at one instant, as a
	// qcow2 image that needs no other. The machine goes on meanwhile as it is.
	Capture(ctx context.Context, id string, save func(image io.Reader, size int64) error) error
	// Dial connects to a console of a running machine.
	Dial(ctx context.Context, id string, c Console) (net.Conn, error)
	// Diagnose tells what was counted of a running machine.
	Diagnose(ctx context.Context, id string) (cmd.Diagnostics, error)
	// SetPassword has the agent in the guest of a running machine change a user's password.
	SetPassword(ctx context.Context, id, user, password string) error
	// ConsoleLog returns at most the last max bytes that the machine wrote to its
	// serial console; the driver itself keeps a bounded amount.
	ConsoleLog(ctx context.Context, id string, max int) ([]byte, error)
	// Watch calls changed for every machine whose power changed without Apply or
	// Destroy (the guest shut itself down, its process died), until ctx ends.
	Watch(ctx context.Context, changed func(Machine)) error
}

// Mover takes running machines from one host to another, with their memory and
// their disks. Every call may be repeated with the same arguments.
type Mover interface {
	// Receive makes this host ready for a machine that runs on another, and returns
	// where Send finds it. Once the machine has come, Apply takes it over as it
	// is; before, Destroy takes back what was made ready.
	Receive(ctx context.Context, m MachineSpec) (endpoint string, err error)
	// Send takes a running machine to the host that is ready for it at endpoint, and
	// returns when it runs there and no longer here; Destroy then removes
	// what it has left. Where that fails, or ctx ends before, it runs on here as
	// it was, unless the error wraps ErrUndecided: then Send must be called again. A
	// Send that an earlier process began is taken up again. Progress is called by
	// one goroutine.
	Send(ctx context.Context, id, endpoint string, progress func(Progress)) error
	// Hurry brings a Send to its end though the guest changes its memory faster than
	// that can be sent: it may have to stand still meanwhile.
	Hurry(ctx context.Context, id string) error
}

// Progress is how much of a machine was sent, in bytes. What the guest has
// written again counts again, so that a total may grow.
type Progress struct {
	MemoryTotal, MemorySent, MemoryLeft uint64
	DiskTotal, DiskSent, DiskLeft       uint64
}

// Console is a way to sit at a machine.
type Console string

// The consoles that a machine has: its screen by the RFB protocol, and the bytes
// of its serial line.
const (
	VNC    Console = "vnc"
	Serial Console = "serial"
)

// Facts is what a host has. RAM and disk are what guests may use.
type Facts struct {
	Type             string // "QEMU", "fake"
	Version          int    // as Nova has it: 7.2.0 is 7002000
	Accelerator      string // "kvm", "tcg", ""
	Arch             string
	VCPUs            int
	RAMMiB, DiskGiB  int
	CPUModel, HostIP string
}

// Machine is what was found of one machine.
type Machine struct {
	ID         string
	Generation uint64 // of the spec that was last applied in full
	Power      Power
	Reboots    uint64 // the last MachineSpec.Reboots that was carried out
	VNCSocket  string // unix socket on which VNC answers, "" where there is none
	Serial     string // unix socket of the interactive serial console, or ""
}

// MachineSpec is the whole wanted state of one machine. What differs from what
// is there is changed, as gently as it can be: it says what shall be, never
// what to do.
type MachineSpec struct {
	ID         string // the server's UUID; names every file, socket and process
	Generation uint64 // an Apply with a generation below the one in force is refused with ErrStale
	Name       string // for people: the hypervisor's name of the guest (instance-00000001)
	Power      Power
	// Reboots counts the reboots asked for since the server was made. Where it is
	// higher than what the machine has seen, the machine is rebooted once.
	Reboots    uint64
	HardReboot bool // the newest reboot is a reset, not a request to the guest
	// SoftStopSeconds is how long a guest gets to obey the power button before
	// it is stopped the hard way; 0 stops it at once.
	SoftStopSeconds int
	VCPUs, RAMMiB   int
	Disk            Disk
	NICs            []NIC
	// ConfigDrive is the ISO 9660 image of the config drive, nil for none.
	ConfigDrive []byte
	// Agent gives the machine a channel to QEMU's agent in its guest. Quiesce: no
	// image may be made of its disk while the agent doesn't hold the guest still.
	Agent   bool `json:",omitempty"`
	Quiesce bool `json:",omitempty"`
	// Rescue is what the machine runs from instead, with its own disk as the
	// second one; nil: from its own.
	Rescue *Base
}

// Base is an image in the host's cache, which nobody writes.
type Base struct {
	Path   string
	Format string // "qcow2" or "raw": what the inspector found, never probed again
}

// Disk is the root disk: a copy-on-write overlay of the machine's own upon a
// base that many share and nobody writes. A machine has one of them at a time: a
// disk of another number takes the place of the one before, which is lost unless
// it is to be kept.
type Disk struct {
	Number uint64
	// Copy makes the disk, where it isn't there, as a copy of disk From.
	Copy bool   `json:",omitempty"`
	From uint64 `json:",omitempty"`
	// Keep are the disks that must not be lost.
	Keep []uint64 `json:",omitempty"`

	BasePath   string // file in the host's image cache
	BaseFormat string // "qcow2" or "raw": what the inspector found, never probed again
	SizeGiB    int    // 0: as large as the base
}

// NIC is one virtio network interface, in guest order.
type NIC struct {
	PortID string
	MAC    string
	MTU    int
	Attachment
}

// Attachment is what a NIC is plugged into. Exactly one is set.
type Attachment struct {
	Tap  string   // name of a tap device that is there and up
	User *UserNet // QEMU's user-mode network, for hosts without privileges
}

// UserNet is a network inside the hypervisor's own process. The guest gets its
// address by DHCP; the other addresses of the subnet lead nowhere.
type UserNet struct {
	Subnet  netip.Prefix
	Address netip.Addr // what DHCP gives the guest
	Gateway netip.Addr
	DNS     netip.Addr // an address within Subnet on which QEMU answers DNS
	// SSHPort of 127.0.0.1 leads to port 22 of the guest.
	SSHPort int
}

// Network is the tenant networks' presence on this host. Every call may be
// repeated with the same arguments and must then change nothing.
type Network interface {
	// Plug makes the port's attachment point, its network's bridge, DHCP and
	// metadata service on this host, and its filter rules; where they are there
	// but differ, it changes them in place, with no instant in which less is
	// filtered than either the old or the new rules ask.
	Plug(ctx context.Context, p PortSpec) (Attachment, error)
	// Unplug removes the port, and what its network had on this host once no
	// port of it is left. A port that isn't there is no error.
	Unplug(ctx context.Context, portID string) error
	// Ports lists the ids of all ports plugged on this host, including those an
	// earlier process left.
	Ports(ctx context.Context) ([]string, error)
}

// PortSpec is the whole wanted state of one port on a host.
type PortSpec struct {
	ID, MAC   string
	NetworkID string
	VNI       uint32 // the network's segment, unique in the cell
	MTU       int
	AdminUp   bool
	// FixedIPs are the port's addresses with the subnets they are from.
	FixedIPs []FixedIP
	// PortSecurity off means: no anti-spoofing and no security groups.
	PortSecurity bool
	// AllowedPairs may be used as sender beside MAC and FixedIPs.
	AllowedPairs []AddressPair
	// Rules are what may pass; all else is dropped, but replies to what passed.
	// A Network finds no remote groups here: the Booter has put their members in.
	Rules []Rule
	// Metadata is what this port's guest is told on 169.254.169.254 and, where
	// the network has no privileges, on its config drive.
	Metadata *Metadata
}

// FixedIP is an address of a port with what DHCP tells about its subnet.
type FixedIP struct {
	Address  netip.Addr
	Subnet   netip.Prefix
	SubnetID string
	Gateway  netip.Addr // zero: none
	// ServiceAddr is the address of the network's own DHCP port in this subnet:
	// DHCP and metadata answer from it. Zero: the gateway's is used.
	ServiceAddr netip.Addr
	DHCP        bool
	DNS         []netip.Addr
	HostRoutes  []Route
}

// Route is a static route that DHCP hands out (option 121, RFC 3442).
type Route struct {
	Destination netip.Prefix
	NextHop     netip.Addr
}

// AddressPair is a further sender that a port may use. An empty MAC is the port's own.
type AddressPair struct {
	MAC     string
	Address netip.Prefix
}

// Rule lets traffic pass. Zero fields match everything of their kind.
type Rule struct {
	Ingress  bool
	IPv6     bool
	Protocol string // "", "tcp", "udp", "icmp", "ipv6-icmp" or an IP protocol number
	// PortMin and PortMax are the destination ports, or ICMP type and code; nil: any.
	PortMin, PortMax *int
	Remotes          []netip.Prefix // nil: any, unless there is a group
	// RemoteGroup is the security group whose members may pass, known by a want of its own.
	RemoteGroup string `json:",omitempty"`
}

// Metadata is what a guest may learn about itself. It is rendered by whoever
// serves it, in EC2's and OpenStack's form.
type Metadata struct {
	ServerID, ProjectID   string
	Name, Hostname        string
	AvailabilityZone      string
	FlavorName            string
	ImageID               string
	LaunchIndex           int
	Keys                  []PublicKey
	Meta                  map[string]string
	UserData              []byte
	Files                 []InjectedFile `json:",omitempty"`
	LocalIPv4             netip.Addr
	SecurityGroups        []string
	AdminPass             string `json:"-"`
	ReservationID, InstID string // EC2's ids: r-…, i-…
	// Links are the server's NICs in guest order, for network_data.json. Where
	// there are none that document isn't served and guests take DHCP.
	Links []Link
}

// InjectedFile is a file that the guest finds among its metadata.
type InjectedFile struct {
	Path    string
	Content []byte
}

// Link is a NIC as its guest is told of it.
type Link struct {
	PortID, NetworkID string
	MAC               string
	MTU               int
	FixedIPs          []FixedIP
}

// PublicKey is an SSH key of the server's owner.
type PublicKey struct{ Name, Type, Data string }

// Images brings image bytes to this host.
type Images interface {
	// Fetch makes sure that the image is in the host's cache, checked against its
	// SHA-512, and returns its file, which never changes afterwards.
	Fetch(ctx context.Context, r ImageRef) (path string, err error)
}

// ImageRef names image bytes: where they are had and what they must be.
type ImageRef struct {
	ID, URL    string
	Format     string // raw or qcow2
	SHA512     string
	SizeBytes  int64
	VirtualGiB int
}

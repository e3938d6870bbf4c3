package qemu

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"skylog/workers/compute"
)

const (
	qmpSocket, serialSocket, vncSocket, agentSocket = "qmp.sock", "serial.sock", "vnc.sock", "agent.sock"

	maxVCPUs   = 255
	maxRAMMiB  = 1 << 22
	maxDiskGiB = 1 << 16
	maxNICs    = lastSlot - firstNICSlot + 1
)

var (
	portName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)
	tapName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$`)
	macName  = regexp.MustCompile(`^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$`)
)

// check refuses a spec that no machine can be made of. All of it ends up in
// QEMU's arguments and in names of files, so nothing passes that could be more
// than a value there.
func check(s compute.MachineSpec) error {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%w: machine %.64q: "+format, append([]any{compute.ErrPermanent, s.ID}, args...)...)
	}
	if err := checkID(s.ID); err != nil {
		return err
	}
	switch s.Power {
	case compute.Running, compute.Stopped, compute.Paused, compute.Suspended:
	default:
		return refuse("%.20q is no power state to be in", s.Power)
	}
	switch {
	case s.VCPUs < 1 || s.VCPUs > maxVCPUs:
		return refuse("%d CPUs", s.VCPUs)
	case s.RAMMiB < 1 || s.RAMMiB > maxRAMMiB:
		return refuse("%d MiB of RAM", s.RAMMiB)
	case s.Disk.SizeGiB < 0 || s.Disk.SizeGiB > maxDiskGiB:
		return refuse("%d GiB of disk", s.Disk.SizeGiB)
	case len(s.NICs) > maxNICs:
		return refuse("%d NICs, %d is the most", len(s.NICs), maxNICs)
	case len(s.Name) > 255:
		return refuse("its name has %d bytes", len(s.Name))
	case !strings.HasPrefix(s.Disk.BasePath, "/"):
		return refuse("base image %.100q is no absolute path", s.Disk.BasePath)
	case s.Rescue != nil && (!strings.HasPrefix(s.Rescue.Path, "/") || s.Rescue.Format != "qcow2" && s.Rescue.Format != "raw"):
		return refuse("rescue image %.100q of format %.20q", s.Rescue.Path, s.Rescue.Format)
	}
	seen := map[string]bool{}
	for _, n := range s.NICs {
		if !portName.MatchString(n.PortID) || seen[n.PortID] {
			return refuse("port %.64q is no name, or there twice", n.PortID)
		}
		seen[n.PortID] = true
		if !macName.MatchString(n.MAC) || n.MTU < 0 || n.MTU > 65535 {
			return refuse("port %s: MAC %.20q, MTU %d", n.PortID, n.MAC, n.MTU)
		}
		if (n.User == nil) == (n.Tap == "") || n.User == nil && !tapName.MatchString(n.Tap) {
			return refuse("port %s is plugged into %.20q", n.PortID, n.Tap)
		}
		if n.User != nil && !whole(n.User) {
			return refuse("port %s: its network isn't whole: %+v", n.PortID, *n.User)
		}
	}
	return nil
}

func checkID(id string) error {
	if u, err := uuid.Parse(id); err != nil || u.String() != id {
		return fmt.Errorf("%w: machine %.64q: its id is no UUID in small letters", compute.ErrPermanent, id)
	}
	return nil
}

// arguments are QEMU's for a machine whose CPUs stand still at first. Names of
// files are relative to its folder.
func (m *machine) arguments(spec compute.MachineSpec, l launch, incoming bool) []string {
	accelerator, cpu := "kvm", "host"
	if l.Accelerator != "kvm" {
		// The translation cache is what a small guest needs of one, not its default of 1/4 of RAM or more.
		accelerator, cpu = "tcg,tb-size=32", "max"
	}
	args := []string{
		"-name", "guest=" + strings.ReplaceAll(spec.Name, ",", ",,"),
		"-uuid", m.id,
		"-machine", l.Machine, "-accel", accelerator, "-cpu", cpu,
		"-m", strconv.Itoa(l.RAMMiB), "-smp", strconv.Itoa(l.VCPUs),
		"-nodefaults", "-no-user-config", "-no-shutdown", "-S",
		"-rtc", "base=utc", "-msg", "timestamp=on",
		"-qmp", "unix:" + qmpSocket + ",server=on,wait=off",
		"-chardev", "socket,id=serial,path=" + serialSocket + ",server=on,wait=off,logfile=console.log,logappend=on",
		"-device", "isa-serial,chardev=serial",
		"-device", fmt.Sprintf("VGA,addr=%#x", slotVGA), "-vnc", "unix:" + vncSocket,
		"-object", "rng-random,id=entropy,filename=/dev/urandom",
		"-device", fmt.Sprintf("virtio-rng-pci,rng=entropy,addr=%#x", slotRNG),
		"-blockdev", node(map[string]any{"driver": "file", "node-name": "base-file", "filename": spec.Disk.BasePath, "read-only": true}),
		"-blockdev", node(baseNode(spec.Disk.BaseFormat)),
		"-blockdev", node(map[string]any{"driver": "file", "node-name": "disk-file", "filename": diskName(l.Disk), "discard": "unmap"}),
		"-blockdev", node(map[string]any{"driver": "qcow2", "node-name": "disk", "file": "disk-file", "backing": "base", "discard": "unmap"}),
	}
	if l.Rescue == "" {
		args = append(args, "-device", fmt.Sprintf("virtio-blk-pci,drive=disk,addr=%#x,bootindex=0", slotDisk))
	} else {
		args = append(args, rescueArguments(spec)...)
	}
	if l.ConfigDrive {
		args = append(args,
			"-blockdev", node(map[string]any{"driver": "file", "node-name": "config-file", "filename": "config.iso", "read-only": true}),
			"-blockdev", node(map[string]any{"driver": "raw", "node-name": "config", "file": "config-file", "read-only": true}),
			"-device", fmt.Sprintf("virtio-blk-pci,drive=config,addr=%#x", slotConfig))
	}
	if l.Agent {
		args = append(args, "-device", fmt.Sprintf("virtio-serial-pci,id=channels,addr=%#x", slotChannels),
			"-chardev", "socket,id=agent,path="+agentSocket+",server=on,wait=off",
			"-device", "virtserialport,bus=channels.0,chardev=agent,name="+agentChannel)
	}
	for _, n := range l.NICs {
		args = append(args, "-netdev", netdevArgument(n.NIC), "-device", deviceArgument(n))
	}
	if m.driver.host.Sandbox {
		args = append(args, "-sandbox", sandbox)
	}
	if incoming {
		args = append(args, "-incoming", "defer")
	}
	return args
}

// rescueArguments are those of a machine that runs from another image, with its
// own disk as the second.
func rescueArguments(spec compute.MachineSpec) []string {
	base := map[string]any{"driver": spec.Rescue.Format, "node-name": "rescue-base", "file": "rescue-base-file", "read-only": true}
	if spec.Rescue.Format == "qcow2" {
		base["backing"] = nil
	}
	return []string{
		"-blockdev", node(map[string]any{"driver": "file", "node-name": "rescue-base-file", "filename": spec.Rescue.Path, "read-only": true}),
		"-blockdev", node(base),
		"-blockdev", node(map[string]any{"driver": "file", "node-name": "rescue-file", "filename": rescueDisk, "discard": "unmap"}),
		"-blockdev", node(map[string]any{"driver": "qcow2", "node-name": "rescue", "file": "rescue-file", "backing": "rescue-base", "discard": "unmap"}),
		"-device", fmt.Sprintf("virtio-blk-pci,drive=rescue,addr=%#x,bootindex=0", slotDisk),
		"-device", fmt.Sprintf("virtio-blk-pci,drive=disk,addr=%#x", slotRescued),
	}
}

const sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"

// baseNode ends the chain: a base has no backing file, whatever its header says.
func baseNode(format string) map[string]any {
	n := map[string]any{"driver": format, "node-name": "base", "file": "base-file", "read-only": true}
	if format == "qcow2" {
		n["backing"] = nil
	}
	return n
}

func node(n map[string]any) string {
	b, _ := json.Marshal(n) // strings, booleans and null
	return string(b)
}

func netdevID(port string) string { return "net-" + port }
func deviceID(port string) string { return "nic-" + port }

func netdevArgument(n compute.NIC) string {
	if n.User == nil {
		return "tap,id=" + netdevID(n.PortID) + ",ifname=" + n.Tap + ",script=no,downscript=no"
	}
	s := fmt.Sprintf("user,id=%s,ipv6=off,restrict=off,net=%s,host=%s,dhcpstart=%s,dns=%s",
		netdevID(n.PortID), n.User.Subnet.Masked(), n.User.Gateway, n.User.Address, n.User.DNS)
	if n.User.SSHPort > 0 {
		s += ",hostfwd=" + forward(n.User)
	}
	return s
}

// netdevOptions is the same for netdev_add.
func netdevOptions(n compute.NIC) map[string]any {
	o := map[string]any{"id": netdevID(n.PortID), "type": "tap", "ifname": n.Tap, "script": "no", "downscript": "no"}
	if u := n.User; u != nil {
		o = map[string]any{
			"id": netdevID(n.PortID), "type": "user", "ipv6": false, "restrict": false, "net": u.Subnet.Masked().String(),
			"host": u.Gateway.String(), "dhcpstart": u.Address.String(), "dns": u.DNS.String(),
		}
		if u.SSHPort > 0 {
			o["hostfwd"] = []map[string]string{{"str": forward(u)}}
		}
	}
	return o
}

func forward(u *compute.UserNet) string {
	return fmt.Sprintf("tcp:%s:%d-%s:22", netip.AddrFrom4([4]byte{127, 0, 0, 1}), u.SSHPort, u.Address)
}

func deviceArgument(n slotted) string {
	s := fmt.Sprintf("virtio-net-pci,id=%s,netdev=%s,mac=%s,romfile=,addr=%#x", deviceID(n.PortID), netdevID(n.PortID), n.MAC, n.Slot)
	if n.MTU > 0 {
		s += fmt.Sprintf(",host_mtu=%d", n.MTU)
	}
	return s
}

// deviceOptions is the same for device_add.
func deviceOptions(n slotted) map[string]any {
	o := map[string]any{
		"driver": "virtio-net-pci", "id": deviceID(n.PortID), "netdev": netdevID(n.PortID),
		"mac": n.MAC, "romfile": "", "addr": fmt.Sprintf("%#x", n.Slot),
	}
	if n.MTU > 0 {
		o["host_mtu"] = n.MTU
	}
	return o
}

// whole says whether a user-mode network has what QEMU asks of one.
func whole(u *compute.UserNet) bool {
	in := func(a netip.Addr) bool { return a.Is4() && u.Subnet.Contains(a) }
	return u.Subnet.IsValid() && in(u.Address) && in(u.Gateway) && in(u.DNS) &&
		u.Address != u.Gateway && u.Address != u.DNS && u.SSHPort >= 0 && u.SSHPort <= 65535
}

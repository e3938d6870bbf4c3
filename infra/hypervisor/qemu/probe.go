package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Host is what Probe found of QEMU on this host.
type Host struct {
	QEMU, Img   string // the programs
	Version     int    // 7.2.0 is 7002000
	Machine     string // the versioned name of the machine type "pc"
	Accelerator string // "kvm" or "tcg"
	Sandbox     bool   // QEMU can be shut in by seccomp
	Why         string // one sentence on why this accelerator
}

// oldest is the first QEMU with all that the driver asks of one.
const oldest = 6002000

// probeTime is for a guest that needs a tenth of a second where all is well.
const probeTime = 20 * time.Second

// ErrAbsent says that QEMU isn't installed; its text says what to install.
var ErrAbsent = errors.New("QEMU isn't installed: apt-get install qemu-system-x86 qemu-utils")

// Probe finds QEMU and boots a tiny guest under it. The accelerator is "auto",
// "kvm" or "tcg"; auto takes KVM only where that guest really runs under it.
//
// That /dev/kvm is there proves nothing. There are hosts, themselves guests, on
// which KVM starts and then emulates instruction by instruction, a thousand times
// too slow to boot anything. So one of the modules that do it in hardware must be
// there, and the guest must get through 64 million instructions in long mode.
func Probe(ctx context.Context, accelerator string) (Host, error) {
	var h Host
	var err error
	if h.QEMU, err = exec.LookPath("qemu-system-x86_64"); err != nil {
		return h, ErrAbsent
	}
	if h.Img, err = exec.LookPath("qemu-img"); err != nil {
		return h, ErrAbsent
	}
	if err := h.identify(ctx); err != nil {
		return h, fmt.Errorf("probe QEMU: %w", err)
	}
	h.Sandbox = h.tryBoot(ctx, "tcg", "-sandbox", sandbox) == nil
	switch accelerator {
	case "", "auto":
		h.Accelerator, h.Why = "kvm", "a guest boots under KVM"
		if err := h.tryKVM(ctx); err != nil {
			h.Accelerator, h.Why = "tcg", "no KVM: "+err.Error()
		}
	case "kvm":
		if err := h.tryKVM(ctx); err != nil {
			return h, fmt.Errorf("probe KVM: %w", err)
		}
		h.Accelerator, h.Why = "kvm", "as configured"
	case "tcg":
		h.Accelerator, h.Why = "tcg", "as configured"
	default:
		return h, fmt.Errorf("accelerator %.20q: it can be auto, kvm or tcg", accelerator)
	}
	if h.Accelerator == "tcg" && !h.Sandbox {
		if err := h.tryBoot(ctx, "tcg"); err != nil {
			return h, fmt.Errorf("probe QEMU: %w", err)
		}
	}
	return h, nil
}

var (
	versionLine = regexp.MustCompile(`version (\d+)\.(\d+)\.(\d+)`)
	pcLine      = regexp.MustCompile(`(?m)^pc\s.*\(alias of ([a-z0-9.-]+)\)`)
)

func (h *Host) identify(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, h.QEMU, "--version").Output()
	if err != nil {
		return err
	}
	v := versionLine.FindSubmatch(out)
	if v == nil {
		return fmt.Errorf("it has no version: %.100q", out)
	}
	for _, part := range v[1:] {
		n, err := strconv.Atoi(string(part))
		if err != nil {
			return err
		}
		h.Version = h.Version*1000 + n
	}
	if h.Version < oldest {
		return fmt.Errorf("%s is too old, 6.2 is needed", v[0])
	}
	if out, err = exec.CommandContext(ctx, h.QEMU, "-machine", "help").Output(); err != nil {
		return err
	}
	pc := pcLine.FindSubmatch(out)
	if pc == nil {
		return errors.New(`it has no machine type "pc"`)
	}
	h.Machine = string(pc[1])
	return nil
}

func (h *Host) tryKVM(ctx context.Context) error {
	_, intel := os.Stat("/sys/module/kvm_intel")
	_, amd := os.Stat("/sys/module/kvm_amd")
	if intel != nil && amd != nil {
		return errors.New("neither kvm_intel nor kvm_amd is in the kernel")
	}
	f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	f.Close()
	return h.tryBoot(ctx, "kvm", "-cpu", "host")
}

// tryBoot boots the probe's guest.
func (h *Host) tryBoot(ctx context.Context, accelerator string, more ...string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	dir, err := os.MkdirTemp("", "skylog-probe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	disk := make([]byte, 1<<20) // smaller ones some BIOSes don't boot
	copy(disk, probeGuest)
	disk[510], disk[511] = 0x55, 0xaa
	if err := os.WriteFile(filepath.Join(dir, "disk"), disk, 0o600); err != nil {
		return err
	}
	c := exec.CommandContext(ctx, h.QEMU, append([]string{
		"-nodefaults", "-no-user-config", "-machine", h.Machine, "-accel", accelerator, "-m", "16", "-display", "none", "-no-reboot",
		"-drive", "file=disk,format=raw,if=ide,snapshot=off", "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
	}, more...)...)
	c.Dir, c.WaitDelay = dir, time.Second
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == probeExit {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("a guest under %s did nothing in %v", accelerator, probeTime)
	}
	return fmt.Errorf("a guest under %s doesn't boot: %v: %.200s", accelerator, err, strings.TrimSpace(string(out)))
}

// probeExit is what QEMU ends with when the guest writes 0x10 to its exit port.
const probeExit = 0x10<<1 | 1

// probeGuest is a boot sector. It makes page tables that map the first 2 MiB,
// goes from real mode straight to long mode, counts down from 2^25 and says so.
var probeGuest = []byte{
	0xfa,       // cli
	0x31, 0xc0, // xor %ax,%ax
	0x8e, 0xd8, // mov %ax,%ds
	0x8e, 0xc0, // mov %ax,%es
	0x8e, 0xd0, // mov %ax,%ss
	0xbc, 0x00, 0x7c, // mov $0x7c00,%sp
	0xfc,             // cld
	0xbf, 0x00, 0x10, // mov $0x1000,%di
	0xb9, 0x00, 0x18, // mov $0x1800,%cx
	0xf3, 0xab, // rep stos: clear 0x1000 to 0x3fff
	0x66, 0xc7, 0x06, 0x00, 0x10, 0x03, 0x20, 0x00, 0x00, // movl $0x2003,0x1000
	0x66, 0xc7, 0x06, 0x00, 0x20, 0x03, 0x30, 0x00, 0x00, // movl $0x3003,0x2000
	0x66, 0xc7, 0x06, 0x00, 0x30, 0x83, 0x00, 0x00, 0x00, // movl $0x83,0x3000: a page of 2 MiB
	0x66, 0xb8, 0x00, 0x10, 0x00, 0x00, // mov $0x1000,%eax
	0x0f, 0x22, 0xd8, // mov %eax,%cr3
	0x66, 0xb8, 0x20, 0x00, 0x00, 0x00, // mov $0x20,%eax: PAE
	0x0f, 0x22, 0xe0, // mov %eax,%cr4
	0x66, 0xb9, 0x80, 0x00, 0x00, 0xc0, // mov $0xc0000080,%ecx: EFER
	0x0f, 0x32, // rdmsr
	0x0d, 0x00, 0x01, // or $0x100,%ax: LME
	0x0f, 0x30, // wrmsr
	0x0f, 0x01, 0x16, 0x90, 0x7c, // lgdt 0x7c90
	0x0f, 0x20, 0xc0, // mov %cr0,%eax
	0x66, 0x0d, 0x01, 0x00, 0x00, 0x80, // or $0x80000001,%eax: paging, protected mode
	0x0f, 0x22, 0xc0, // mov %eax,%cr0
	0x66, 0xea, 0x68, 0x7c, 0x00, 0x00, 0x08, 0x00, // ljmp $8,$0x7c68
	0xb9, 0x00, 0x00, 0x00, 0x02, // 64 bits from here: mov $0x2000000,%ecx
	0x48, 0xff, 0xc9, // dec %rcx
	0x75, 0xfb, // jnz to the line above
	0xb0, 0x10, // mov $0x10,%al
	0xe6, 0xf4, // out %al,$0xf4
	0xf4,       // hlt
	0xeb, 0xfd, // jmp to the line above
	0, 0, 0, 0, 0, 0, 0, // the tables begin at a multiple of 8
	0, 0, 0, 0, 0, 0, 0, 0, // GDT: null
	0, 0, 0, 0, 0, 0x9a, 0x20, 0, // 64-bit code
	0x0f, 0, 0x80, 0x7c, 0, 0, // its limit and address, for lgdt
}

package placement

import (
	_ "embed" // the standard traits are a file
	"slices"
	"strings"
	"time"

	"skylog/projections/table"
)

// Classes of which every compute host has an inventory.
const (
	VCPU     = "VCPU"
	MemoryMB = "MEMORY_MB"
	DiskGB   = "DISK_GB"
)

// StandardClasses are the resource classes that every cloud knows, in the order
// in which OpenStack came to have them.
var StandardClasses = []string{VCPU, MemoryMB, DiskGB, "PCI_DEVICE", "SRIOV_NET_VF", "NUMA_SOCKET", "NUMA_CORE", "NUMA_THREAD", "NUMA_MEMORY_MB",
	"IPV4_ADDRESS", "VGPU", "VGPU_DISPLAY_HEAD", "NET_BW_EGR_KILOBIT_PER_SEC", "NET_BW_IGR_KILOBIT_PER_SEC", "PCPU", "MEM_ENCRYPTION_CONTEXT", "FPGA",
	"PGPU", "NET_PACKET_RATE_KILOPACKET_PER_SEC", "NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC", "NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC"}

//go:embed traits.txt
var traits string

// StandardTraits are the traits that every cloud knows, in order.
var StandardTraits = strings.Fields(traits)

// Name is a name that clients made; the name is the key.
type Name struct{ CreatedAt time.Time }

// Names is a table of names that clients made.
type Names struct{ table.Of[string, Name] }

func newNames() Names { return Names{table.New[string, Name](strings.Compare)} }

// HasClass says whether there is a resource class of this name.
func (t *Tables) HasClass(name string) bool {
	return slices.Contains(StandardClasses, name) || t.ResourceClasses.Has(name)
}

// HasTrait says whether there is a trait of this name.
func (t *Tables) HasTrait(name string) bool {
	_, standard := slices.BinarySearch(StandardTraits, name)
	return standard || t.Traits.Has(name)
}

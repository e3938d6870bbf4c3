package sim

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"skylog/workers/compute"
)

// shape is what of a machine can't be changed while it runs.
type shape struct {
	disk          uint64
	rescue        bool
	vcpus, ramMiB int
	diskGiB       int
}

func shapeOf(spec *compute.MachineSpec) shape {
	return shape{spec.Disk.Number, spec.Rescue != nil, spec.VCPUs, spec.RAMMiB, spec.Disk.SizeGiB}
}

// Capture implements compute.Hypervisor: the image is an empty disk.
func (h *Host) Capture(ctx context.Context, id string, save func(io.Reader, int64) error) error {
	h.mu.Lock()
	_, there := h.machines[id]
	h.mu.Unlock()
	if !there {
		return fmt.Errorf("%w: there is no machine %s on %s", compute.ErrPermanent, id, h.Name)
	}
	if err := h.step(ctx); err != nil {
		return err
	}
	image := emptyDisk()
	return save(bytes.NewReader(image), int64(len(image)))
}

// emptyDisk is a qcow2 image of 1 GiB on which nothing was ever written.
func emptyDisk() []byte {
	const clusterBits, cluster = 16, 1 << 16
	image := make([]byte, 4*cluster)
	be := binary.BigEndian
	copy(image, "QFI\xfb")
	be.PutUint32(image[4:], 3)
	be.PutUint32(image[20:], clusterBits)
	be.PutUint64(image[24:], 1<<30)
	be.PutUint32(image[36:], 2)         // entries of the first table
	be.PutUint64(image[40:], 3*cluster) // where it is
	be.PutUint64(image[48:], cluster)   // the table of reference counts
	be.PutUint32(image[56:], 1)
	be.PutUint32(image[96:], 4)    // reference counts have 16 bits
	be.PutUint32(image[100:], 104) // the header's length
	be.PutUint64(image[cluster:], 2*cluster)
	for i := range 4 {
		be.PutUint16(image[2*cluster+2*i:], 1)
	}
	return image
}

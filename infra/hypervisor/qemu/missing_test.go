package qemu

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"skylog/workers/compute"
)

func TestAMachineWhoseDiskIsMissingIsNotStarted(t *testing.T) {
	ways := map[string]func(*compute.MachineSpec){
		"as it is":       func(*compute.MachineSpec) {},
		"in rescue":      func(s *compute.MachineSpec) { s.Rescue = &compute.Base{Path: s.Disk.BasePath, Format: "raw"} },
		"as disk copied": func(s *compute.MachineSpec) { s.Disk.Copy, s.Disk.From, s.Disk.Keep = true, 7, []uint64{7} },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.apply(b.spec())
			off := b.spec(power(compute.Stopped))
			b.apply(off)
			b.again()
			disk := filepath.Join(b.dir, someID, diskName(0))
			if err := os.Rename(disk, disk+".away"); err != nil {
				t.Fatal(err)
			}
			on := off
			on.Power, on.Generation = compute.Running, 3
			way(&on)
			if _, err := b.Apply(b.ctx, on); !errors.Is(err, compute.ErrPermanent) {
				t.Errorf("got %v, want a refusal that lasts", err)
			}
			if _, err := os.Stat(disk); err == nil {
				t.Error("the disk was made anew")
			}
			if err := os.Rename(disk+".away", disk); err != nil {
				t.Fatal(err)
			}
			on = off
			on.Power, on.Generation = compute.Running, 4
			b.apply(on)
		})
	}
}

func TestADiskOfAnotherNumberIsNewThoughOneWasMade(t *testing.T) {
	b := newBench(t)
	b.apply(b.spec())
	b.apply(b.spec(func(s *compute.MachineSpec) { s.Generation, s.Disk.Number = 2, 1 }))
	b.apply(b.spec(func(s *compute.MachineSpec) { s.Generation, s.Disk.Number = 3, 0 })) // the first one was let go of meanwhile
}

package qemu

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

func TestAMachineSetAsideIsStoppedAndKept(t *testing.T) {
	b := newBench(t)
	for n, folder := range []string{someID + "-1", someID + "-2"} {
		b.apply(b.spec())
		m := b.machine(someID)
		p, err := m.find()
		if err != nil || p == nil {
			t.Fatalf("round %d: no process: %v", n, err)
		}
		defer p.release()
		for range 2 { // the second time there is nothing left to do
			if err := b.Quarantine(b.ctx, someID); err != nil {
				t.Fatal(err)
			}
		}
		if !p.ended(0) {
			t.Error("its process goes on")
		}
		b.again()
		if found, err := b.Machines(b.ctx); err != nil || len(found) != 0 {
			t.Errorf("it is among the host's machines still: %v, %v", found, err)
		}
		for _, file := range []string{"machine.json", "disk.qcow2"} {
			if _, err := os.Stat(filepath.Join(b.config.Dir, quarantineDir, folder, file)); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestASettingAsideBrokenOffIsFinishedByTheNext(t *testing.T) {
	b := newBench(t)
	b.apply(b.spec())
	var steps atomic.Int64
	b.setStep(func(string) error {
		if steps.Add(1) == 1 {
			return errKilled
		}
		return nil
	})
	if err := b.Quarantine(b.ctx, someID); err == nil {
		t.Fatal("it wasn't broken off")
	}
	b.again()
	if found, err := b.Machines(b.ctx); err != nil || len(found) != 1 {
		t.Fatalf("it is lost: %v, %v", found, err)
	}
	if err := b.Quarantine(b.ctx, someID); err != nil {
		t.Fatal(err)
	}
	if found, err := b.Machines(b.ctx); err != nil || len(found) != 0 {
		t.Errorf("left is %v, %v", found, err)
	}
}

package qemu

import (
	"testing"

	"skylog/workers/compute"
)

func TestHostsOfOneMachineShareIt(t *testing.T) {
	facts := func(shares int) compute.Facts {
		t.Helper()
		f, err := (&Driver{dir: t.TempDir(), shares: shares}).Facts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	whole, half := facts(1), facts(2)
	if half.RAMMiB != whole.RAMMiB/2 || half.DiskGiB != whole.DiskGiB/2 || half.VCPUs != max(1, whole.VCPUs/2) {
		t.Errorf("half of %+v is %+v", whole, half)
	}
}

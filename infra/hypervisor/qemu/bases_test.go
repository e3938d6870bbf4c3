package qemu

import (
	"os"
	"path/filepath"
	"testing"
)

func TestABaseIsInUseWhileAMachineLiesUponIt(t *testing.T) {
	folder := t.TempDir()
	record := func(dir, text string) {
		t.Helper()
		dir = filepath.Join(folder, dir)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "machine.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	record("m1", `{"Base":"a.qcow2"}`)
	record("m2", `{"Launch":{"Rescue":"b.raw"}}`)
	record("quarantine/m3-1", `{"Base":"c.qcow2"}`)
	for name, want := range map[string]bool{"a.qcow2": true, "b.raw": true, "c.qcow2": true, "d.qcow2": false} {
		if got := LiesUpon(folder, "/cache/"+name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	record("m4", `{`)
	if !LiesUpon(folder, "/cache/d.qcow2") {
		t.Error("a machine whose record can't be read lies upon nothing")
	}
}

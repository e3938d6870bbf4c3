package imageconvert

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"skylog/infra/imageformat"
)

func disk(t *testing.T, format string) (path string) {
	t.Helper()
	if Available() != nil {
		t.Skip("this machine has no qemu-img")
	}
	dir := t.TempDir()
	raw := filepath.Join(dir, "raw")
	if err := os.WriteFile(raw, bytes.Repeat([]byte("skylog! "), 1<<17), 0o600); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "disk")
	if out, err := exec.CommandContext(t.Context(), "qemu-img", "convert", "-f", "raw", "-O", driver(format), raw, path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func verdict(t *testing.T, path, format string) error {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := imageformat.New(format)
	if _, err := io.Copy(n, f); err != nil {
		t.Fatal(err)
	}
	_, _, err = n.Verdict()
	return err
}

func TestEveryFormatIsInspectedAndConverted(t *testing.T) {
	for _, from := range []string{"raw", "qcow2", "vmdk", "vhd", "vhdx", "vdi", "ploop"} {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			path := disk(t, from)
			if err := verdict(t, path, from); err != nil {
				t.Fatalf("what qemu-img made is refused: %v", err)
			}
			for _, to := range []string{"raw", "qcow2"} {
				out := path + "." + to
				if err := new(Converter).Convert(t.Context(), path, from, out, to, 64<<20); err != nil {
					t.Fatal(err)
				}
				if err := verdict(t, out, to); err != nil {
					t.Errorf("the converted disk is refused: %v", err)
				}
			}
			data, err := os.ReadFile(path + ".raw")
			if err != nil || len(data) < 1<<20 || !bytes.HasPrefix(data, []byte("skylog! skylog! ")) {
				t.Errorf("the raw disk has %d bytes that aren't those that were put in (%v)", len(data), err)
			}
		})
	}
}

func TestAConversionHasNoMoreThanItIsGiven(t *testing.T) {
	if Available() != nil {
		t.Skip("this machine has no qemu-img")
	}
	script := func(text string) string {
		path := filepath.Join(t.TempDir(), "script")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, k := range map[string]struct {
		c     Converter
		bytes int64
	}{
		"disk":      {Converter{}, 4096},
		"processor": {Converter{Program: script("while :; do :; done"), MaxCPU: time.Second}, 1 << 20},
		"time":      {Converter{Program: script("sleep 60 & wait"), MaxTime: 100 * time.Millisecond}, 1 << 20},
		"memory":    {Converter{MaxMemory: 16 << 20}, 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := disk(t, "raw")
			begun := time.Now()
			if err := k.c.Convert(t.Context(), path, "raw", path+".out", "raw", k.bytes); err == nil {
				t.Error("it went on past its limit")
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("it took %s to end it", took)
			}
			if info, err := os.Stat(path + ".out"); err == nil && info.Size() > k.bytes {
				t.Errorf("it wrote %d bytes", info.Size())
			}
		})
	}
}

func TestAConversionEndsWithItsContext(t *testing.T) {
	path := disk(t, "raw")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := new(Converter).Convert(ctx, path, "raw", path+".out", "qcow2", 1<<20); err == nil {
		t.Error("it ran")
	}
}

package demoimage

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cavaliergopher/cpio"
	"github.com/klauspost/compress/gzip"
)

func TestAModuleComesBehindWhatItDependsOn(t *testing.T) {
	if _, err := os.Stat("/proc/self/exe"); err != nil {
		t.Skip("needs a program to look into")
	}
	self, err := os.ReadFile("/proc/self/exe") // an ELF file without .modinfo: a module that needs nothing
	if err != nil {
		t.Fatal(err)
	}
	p := parts{modules: map[string]module{}, builtin: "kernel/drivers/virtio/virtio-pci.ko\n"}
	for _, name := range modules {
		p.modules[name] = module{name + ".ko", self}
	}
	files := map[string][]byte{}
	if err := addModules(files, p); err != nil {
		t.Fatal(err)
	}
	order := strings.Fields(string(files["lib/modules/order"]))
	if slices.Contains(order, "virtio_pci.ko") || order[0] != "virtio_blk.ko" {
		t.Errorf("got %v, though virtio_pci is built in", order)
	}
	delete(p.modules, "virtio_blk")
	if err := addModules(files, p); err == nil || !strings.Contains(err.Error(), "virtio_blk") {
		t.Errorf("a missing module is passed over: %v", err)
	}
}

func TestTheGuestStartsWithAnInitAndAShell(t *testing.T) {
	packed, err := pack(map[string][]byte{"etc/rc": []byte("#!/bin/sh\n")})
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(strings.NewReader(string(packed)))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for r := cpio.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r)
		got[h.Name] = h.Linkname + string(body)
	}
	if got["init"] != "/bin/busybox" || got["bin/sh"] != "/bin/busybox" || got["etc/rc"] != "#!/bin/sh\n" {
		t.Errorf("got %q", got)
	}
	if _, ok := got["home/demo"]; !ok {
		t.Errorf("there is no /home/demo in %q", got)
	}
}

func TestWhatWasBuiltOnceIsTakenFromTheCache(t *testing.T) {
	cache, out := t.TempDir(), filepath.Join(t.TempDir(), "there", "demo.qcow2")
	if err := os.WriteFile(filepath.Join(cache, "skylog-demo-"+key()+".qcow2"), []byte("image"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Build(t.Context(), Options{CacheDir: cache, Out: out})
	if err != nil || got != out {
		t.Fatalf("got %q, %v", got, err)
	}
	if body, _ := os.ReadFile(out); string(body) != "image" {
		t.Errorf("got %q", body)
	}
}

func TestWhatIsMissingIsSaidInOneSentence(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := Missing(); err == nil || !strings.Contains(err.Error(), "Debian") {
		t.Errorf("got %v", err)
	}
	for _, tool := range []string{"dpkg-deb", "apt-get", "apt-cache", "xz"} {
		if err := os.WriteFile(filepath.Join(os.Getenv("PATH"), tool), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := Missing(); err == nil || !strings.HasSuffix(err.Error(), "apt-get install qemu-utils") {
		t.Errorf("got %v", err)
	}
}

func TestAnImageIsBuiltOfRealPackages(t *testing.T) {
	if os.Getenv("SKYLOG_REAL") == "" {
		t.Skip("set SKYLOG_REAL=1 to fetch packages and build")
	}
	if err := Missing(); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	image, err := Build(ctx, Options{CacheDir: t.TempDir(), Log: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(image)
	if err != nil || len(body) < 4<<20 || string(body[:4]) != "QFI\xfb" {
		t.Errorf("%d bytes, %v: no qcow2 image", len(body), err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(image), "build-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Package demoimage builds a small Linux disk image out of the packages of the
// Debian or Ubuntu on which it runs, so that a cloud has something real to boot
// on its first day, with no download of anyone's ready-made image. It takes
// seconds and no privileges: packages come by "apt-get download" and are
// unpacked, never installed.
//
// The guest is a kernel and a BusyBox that lives in RAM; 96 MiB are enough. It
// takes its address by DHCP, its name, keys and user data from a config drive
// or the metadata address, serves SSH and a page on port 80, obeys the power
// button, has a root shell on the screen and on the serial console, runs QEMU's
// guest agent where its machine has a channel for it, and keeps what is written
// below /mnt on its disk. The guest folder holds all that is ours in it.
package demoimage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

//go:embed all:guest syslinux.cfg
var ours embed.FS

// recipe is part of an image's key: it is raised when this package's code makes
// another image of the same files.
const recipe = "1"

// buildTime is far above the seconds a build takes, and the end of a hung mirror.
const buildTime = 10 * time.Minute

// Options say where things go.
type Options struct {
	CacheDir string    // packages and finished images; reused, safe to delete
	Out      string    // where the image shall stand; "" leaves it in the cache
	Log      io.Writer // one line for each step; nil for none
}

// Missing says in one sentence what must be installed before Build can work, or
// returns nil.
func Missing() error {
	packageOf := [][2]string{{"dpkg-deb", "dpkg"}, {"apt-get", "apt"}, {"apt-cache", "apt"}, {"qemu-img", "qemu-utils"}, {"xz", "xz-utils"}}
	var names []string
	for _, p := range packageOf {
		if _, err := exec.LookPath(p[0]); err != nil && (len(names) == 0 || names[len(names)-1] != p[1]) {
			names = append(names, p[1])
		}
	}
	if len(names) == 0 {
		return nil
	}
	if names[0] == "dpkg" || names[0] == "apt" {
		return errors.New("the demo image can only be built on Debian or Ubuntu, as it is made of their packages")
	}
	return fmt.Errorf("the demo image needs a package that isn't installed: apt-get install %s", strings.Join(names, " "))
}

// Build makes the image, a compressed qcow2, and returns its path. Where the
// cache has one of the same recipe, that is the answer at once; to take newer
// packages, delete the cache.
func Build(ctx context.Context, o Options) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, buildTime)
	defer cancel()
	if o.CacheDir == "" {
		return "", errors.New("demo image: no cache folder is given")
	}
	cache, err := filepath.Abs(o.CacheDir)
	if err != nil {
		return "", fmt.Errorf("demo image: %w", err)
	}
	b := builder{ctx: ctx, cache: cache, log: o.Log}
	image := filepath.Join(cache, "skylog-demo-"+key()+".qcow2")
	if _, err := os.Stat(image); err != nil {
		if err := Missing(); err != nil {
			return "", err
		}
		if err := b.build(image); err != nil {
			return "", fmt.Errorf("demo image: %w", err)
		}
	}
	out := cmp.Or(o.Out, image)
	if out != image {
		if err := replace(image, out); err != nil {
			return "", fmt.Errorf("demo image: %w", err)
		}
	}
	return out, nil
}

// key changes with whatever the image is made of, but for the packages' versions.
func key() string {
	sum := sha256.New()
	fmt.Fprintln(sum, recipe, packages, modules, programs)
	if release, err := os.ReadFile("/etc/os-release"); err == nil {
		sum.Write(release)
	}
	fs.WalkDir(ours, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			body, _ := ours.ReadFile(path) // embedded files are always there
			fmt.Fprintln(sum, path, len(body))
			sum.Write(body)
		}
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:12]
}

// replace puts a copy of a file at another place in one step.
func replace(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := renameio.NewPendingFile(to, renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer out.Cleanup()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.CloseAtomicallyReplace()
}

type builder struct {
	ctx   context.Context
	cache string
	log   io.Writer
}

func (b *builder) say(format string, args ...any) {
	if b.log != nil {
		fmt.Fprintf(b.log, "demo image: "+format+"\n", args...)
	}
}

// run runs a tool in a folder and returns what it wrote, or an error with what
// it complained of.
func (b *builder) run(dir string, env []string, name string, args ...string) (string, error) {
	c := exec.CommandContext(b.ctx, name, args...)
	c.Dir, c.Env, c.WaitDelay = dir, append(os.Environ(), env...), 5*time.Second
	var complaint strings.Builder
	c.Stderr = &complaint
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %.500s", filepath.Base(name), err, strings.TrimSpace(complaint.String()))
	}
	return string(out), nil
}

func (b *builder) build(image string) error {
	start := time.Now()
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(b.cache, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil { // two builds would fetch into each other's files
		return err
	}
	if _, err := os.Stat(image); err == nil {
		return nil // the other one's
	}
	work, err := os.MkdirTemp(b.cache, "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	debs, err := b.fetch()
	if err != nil {
		return err
	}
	b.say("unpacking %d packages", len(debs))
	parts, err := b.unpack(debs)
	if err != nil {
		return err
	}
	initrd, err := initramfs(parts)
	if err != nil {
		return err
	}
	b.say("kernel %d KiB, initramfs %d KiB", len(parts.kernel)>>10, len(initrd)>>10)
	if err := b.disk(work, parts, initrd); err != nil {
		return err
	}
	done := filepath.Join(work, "disk.qcow2")
	if _, err := b.run(work, nil, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "disk.raw", done); err != nil {
		return err
	}
	b.say("built in %.1f s", time.Since(start).Seconds())
	return os.Rename(done, image)
}

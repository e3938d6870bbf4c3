package demoimage

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/cavaliergopher/cpio"
)

// modules are what the guest loads, in this order, each behind what it depends on.
var modules = []string{
	"virtio_pci", "virtio_blk", "virtio_net", "virtio_rng", "vfat", "nls_cp437", "nls_ascii", "isofs", "button", "evdev", "virtio_console",
}

// programs are what of the packages goes into the guest, and where.
var programs = [][2]string{
	{"/bin/busybox", "bin/busybox"}, {"/sbin/dropbear", "usr/sbin/dropbear"}, {"/bin/dropbearkey", "usr/bin/dropbearkey"},
	{"/sbin/qemu-ga", "usr/sbin/qemu-ga"},
}

// initramfs packs the guest's root file system.
func initramfs(p parts) ([]byte, error) {
	files := map[string][]byte{}
	for _, at := range programs {
		if err := addProgram(files, p, at[0], at[1]); err != nil {
			return nil, err
		}
	}
	if err := addModules(files, p); err != nil {
		return nil, err
	}
	err := fs.WalkDir(ours, "guest", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files[strings.TrimPrefix(name, "guest/")], err = ours.ReadFile(name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return pack(files)
}

// addProgram adds a program with its loader and all libraries it is linked with.
func addProgram(files map[string][]byte, p parts, from, to string) error {
	body, ok := p.files[from]
	if !ok {
		return fmt.Errorf("there is no %s in the packages", from)
	}
	files[to] = body
	e, err := elf.NewFile(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	for _, s := range e.Progs {
		if s.Type == elf.PT_INTERP {
			loader := make([]byte, s.Filesz)
			if _, err := s.ReadAt(loader, 0); err != nil {
				return fmt.Errorf("%s: %w", from, err)
			}
			name := strings.Trim(string(loader), "/\x00")
			if files[name], err = p.library(path.Base(name)); err != nil {
				return err
			}
		}
	}
	needs, err := e.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	for len(needs) > 0 {
		name := needs[0]
		needs = needs[1:]
		at := "lib/" + name
		if _, has := files[at]; has {
			continue
		}
		if files[at], err = p.library(name); err != nil {
			return err
		}
		l, err := elf.NewFile(bytes.NewReader(files[at]))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		more, err := l.ImportedLibraries()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		needs = append(needs, more...)
	}
	return nil
}

// library finds a library by its name, in whatever folder.
func (p parts) library(name string) ([]byte, error) {
	for at, body := range p.files {
		if path.Base(at) == name {
			return body, nil
		}
	}
	for at, to := range p.links {
		if path.Base(at) == name && path.Base(to) != name {
			return p.library(path.Base(to))
		}
	}
	return nil, fmt.Errorf("there is no library %s in the packages", name)
}

// addModules adds the modules with what they depend on, and their order. The
// packages have no modules.dep, that is made when they are installed; but each
// module names its dependencies itself.
func addModules(files map[string][]byte, p parts) error {
	var order []string
	var add func(name string) error
	add = func(name string) error {
		if slices.Contains(order, name+".ko") || p.hasBuiltin(name) {
			return nil
		}
		m, ok := p.modules[name]
		if !ok {
			return fmt.Errorf("the kernel's packages have no module %s", name)
		}
		body, err := m.inflate()
		if err != nil {
			return fmt.Errorf("module %s: %w", name, err)
		}
		depends, err := dependsOf(body)
		if err != nil {
			return fmt.Errorf("module %s: %w", name, err)
		}
		for _, d := range depends {
			if err := add(d); err != nil {
				return err
			}
		}
		order = append(order, name+".ko")
		files["lib/modules/"+name+".ko"] = body
		return nil
	}
	for _, name := range modules {
		if err := add(name); err != nil {
			return err
		}
	}
	files["lib/modules/order"] = []byte(strings.Join(order, "\n") + "\n")
	return nil
}

func (p parts) hasBuiltin(name string) bool {
	for line := range strings.Lines(p.builtin) {
		if moduleName(strings.TrimSpace(line)) == name {
			return true
		}
	}
	return false
}

// dependsOf reads the names behind depends= in a module's own description.
func dependsOf(body []byte) ([]string, error) {
	e, err := elf.NewFile(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	s := e.Section(".modinfo")
	if s == nil {
		return nil, nil
	}
	info, err := s.Data()
	if err != nil {
		return nil, err
	}
	for _, field := range strings.Split(string(info), "\x00") {
		if list, ok := strings.CutPrefix(field, "depends="); ok && list != "" {
			return strings.Split(strings.ReplaceAll(list, "-", "_"), ","), nil
		}
	}
	return nil, nil
}

// pack writes the archive that a kernel unpacks as its first root. It brings
// /dev/console itself.
func pack(files map[string][]byte) ([]byte, error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w := cpio.NewWriter(z)
	for _, name := range withFolders(files) {
		h := &cpio.Header{Name: name, Mode: cpio.TypeDir | 0o755, Links: 2}
		if body, ok := files[name]; ok {
			h.Mode, h.Links, h.Size = cpio.TypeReg|0o755, 1, int64(len(body))
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	for _, link := range []string{"init", "bin/sh"} { // BusyBox makes the others itself
		const to = "/bin/busybox"
		if err := w.WriteHeader(&cpio.Header{Name: link, Mode: cpio.TypeSymlink | 0o777, Linkname: to, Size: int64(len(to)), Links: 1}); err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(to)); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// empty are folders that stand ready for what is mounted or made in them.
var empty = []string{"proc", "sys", "dev", "mnt", "run", "root", "home/demo", "sbin", "usr/bin", "usr/sbin", "var"}

// withFolders lists the files and all folders, each before what is in it.
func withFolders(files map[string][]byte) []string {
	all := map[string]bool{}
	for name := range files {
		all[name] = true
		for d := path.Dir(name); d != "."; d = path.Dir(d) {
			all[d] = true
		}
	}
	for _, d := range empty {
		for ; d != "."; d = path.Dir(d) {
			all[d] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

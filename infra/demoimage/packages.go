package demoimage

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// packages are what the image is made of, beside the libraries they depend on.
// Of the kernels the first that there is is taken: Debian's, Ubuntu's.
var packages = struct{ kernels, others []string }{
	kernels: []string{"linux-image-cloud-amd64", "linux-image-virtual", "linux-image-generic"},
	others:  []string{"busybox", "dropbear-bin", "syslinux", "mtools", "qemu-guest-agent"},
}

// maxFile bounds each file of a package; kernels have some 10 MB.
const maxFile = 128 << 20

// parts is what of the packages goes into the image, by path.
type parts struct {
	kernel  []byte
	builtin string            // the kernel's list of modules it has built in
	modules map[string]module // by name, such as virtio_blk
	files   map[string][]byte // programs and libraries
	links   map[string]string // symbolic links among the libraries
}

// module is a kernel module as its package has it, often compressed.
type module struct {
	file string
	body []byte
}

var wanted = regexp.MustCompile(`^(linux-(image|modules)-[0-9]|lib|zlib|busybox$|dropbear-bin$|syslinux$|mtools$|qemu-guest-agent$)`)

// fetch brings the packages into the cache and returns their files.
func (b *builder) fetch() ([]string, error) {
	kernel := ""
	for _, name := range packages.kernels {
		if out, err := b.run(b.cache, nil, "apt-cache", "show", "--no-all-versions", name); err == nil && out != "" {
			kernel = name
			break
		}
	}
	if kernel == "" {
		return nil, errors.New("apt knows of no kernel package; its lists may be missing: apt-get update")
	}
	names, err := b.dependencies(kernel, wanted)
	if err != nil {
		return nil, err
	}
	libraries, err := b.dependencies("", wanted, packages.others...)
	if err != nil {
		return nil, err
	}
	names = append(names, libraries...)
	// What is there already apt leaves out, so it is asked in an empty folder.
	empty, err := os.MkdirTemp(b.cache, "build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(empty)
	uris, err := b.run(empty, nil, "apt-get", append([]string{"download", "--print-uris"}, names...)...)
	if err != nil {
		return nil, err
	}
	// A line is 'uri' file size hash.
	var debs, absent []string
	for line := range strings.Lines(uris) {
		if f := strings.Fields(line); len(f) >= 3 {
			debs = append(debs, filepath.Join(b.cache, filepath.Base(f[1])))
			if s, err := os.Stat(debs[len(debs)-1]); err != nil || fmt.Sprint(s.Size()) != f[2] {
				absent = append(absent, filepath.Base(f[1][:strings.Index(f[1]+"_", "_")]))
			}
		}
	}
	if len(absent) > 0 {
		b.say("fetching %s", strings.Join(absent, " "))
		if _, err := b.run(b.cache, nil, "apt-get", append([]string{"download", "-q"}, absent...)...); err != nil {
			return nil, err
		}
	}
	return debs, nil
}

// dependencies lists those packages that the given ones need, themselves
// included, whose names match. A kernel's other dependencies (the tools that
// install it) lead far, so of kernel only two steps are taken.
func (b *builder) dependencies(kernel string, match *regexp.Regexp, of ...string) ([]string, error) {
	options := []string{"depends", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances"}
	if kernel == "" {
		out, err := b.run(b.cache, nil, "apt-cache", append(append(options, "--recurse"), of...)...)
		var names []string
		for line := range strings.Lines(out) {
			if name := strings.TrimSpace(line); name == strings.TrimRight(line, "\n") && match.MatchString(name) && !strings.Contains(name, "perl") { // no program here is linked with Perl
				names = append(names, name)
			}
		}
		return names, err
	}
	var names []string
	for next := []string{kernel}; len(next) > 0 && len(names) < 8; {
		out, err := b.run(b.cache, nil, "apt-cache", append(options, next...)...)
		if err != nil {
			return nil, err
		}
		next = nil
		for line := range strings.Lines(out) {
			name, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: ")
			if ok && match.MatchString(name) && strings.HasPrefix(name, "linux-") && !slices.Contains(names, name) {
				names, next = append(names, name), append(next, name)
			}
		}
	}
	return names, nil
}

// unpack reads what is needed of the packages.
func (b *builder) unpack(debs []string) (parts, error) {
	p := parts{modules: map[string]module{}, files: map[string][]byte{}, links: map[string]string{}}
	for _, deb := range debs {
		c := exec.CommandContext(b.ctx, "dpkg-deb", "--fsys-tarfile", deb)
		var complaint bytes.Buffer
		c.Stderr = &complaint
		pipe, err := c.StdoutPipe()
		if err != nil {
			return p, err
		}
		if err := c.Start(); err != nil {
			return p, err
		}
		err = p.read(tar.NewReader(pipe))
		io.Copy(io.Discard, pipe) // the padding behind the last file
		if werr := c.Wait(); err == nil && werr != nil {
			err = fmt.Errorf("%w: %.200s", werr, complaint.String())
		}
		if err != nil {
			return p, fmt.Errorf("%s: %w", filepath.Base(deb), err)
		}
	}
	if p.kernel == nil {
		return p, errors.New("there is no kernel in the packages")
	}
	return p, nil
}

func (p *parts) read(t *tar.Reader) error {
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path.Clean("/"+h.Name), "/usr")
		dir, base := path.Split(name)
		library := strings.Contains(base, ".so")
		if h.Typeflag == tar.TypeSymlink && library {
			p.links[name] = h.Linkname
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		kernelPart := strings.HasPrefix(base, "vmlinuz-") || base == "modules.builtin"
		driver := strings.Contains(base, ".ko")
		program := strings.HasSuffix(dir, "bin/") || base == "mbr.bin"
		if !library && !kernelPart && !driver && !program {
			continue
		}
		body, err := io.ReadAll(io.LimitReader(t, maxFile))
		if err != nil {
			return err
		}
		switch {
		case base == "modules.builtin":
			p.builtin = string(body)
		case kernelPart:
			p.kernel = body
		case driver:
			p.modules[moduleName(base)] = module{base, body}
		default:
			p.files[name] = body
		}
	}
}

// moduleName is the name of a module's file without what the name ends in; the
// kernel takes - and _ for the same.
func moduleName(file string) string {
	name, _, _ := strings.Cut(path.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// inflate undoes the compression that some releases give to modules.
func (m module) inflate() ([]byte, error) {
	switch path.Ext(m.file) {
	case ".zst":
		d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxFile))
		if err != nil {
			return nil, err
		}
		defer d.Close()
		return d.DecodeAll(m.body, nil)
	case ".xz":
		c := exec.Command("xz", "-dc")
		c.Stdin = bytes.NewReader(m.body)
		return c.Output()
	}
	return m.body, nil
}

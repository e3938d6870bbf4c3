package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"skylog/api/image"
	"skylog/commands"
	"skylog/infra/imagecache"
	"skylog/infra/imageconvert"
	"skylog/infra/imageformat"
	"skylog/infra/imagestore"
	"skylog/infra/webdownload"
	view "skylog/projections/image"
	imageworkers "skylog/workers/image"
)

// imageSettings are the settings of the image service.
type imageSettings struct {
	stores                         []string
	webHosts, webSchemes, webInner []string
	webPorts                       []int
	convertTo                      string
}

func (s *imageSettings) flags(f *pflag.FlagSet) {
	f.StringSliceVar(&s.stores, "image-store", nil, "NAME=DIR of a further store of image bytes; several by commas")
	f.StringVar(&s.convertTo, "image-convert-to", "", "disk format, raw or qcow2, that imported images are brought into (default: they stay as they are)")
	f.StringSliceVar(&s.webHosts, "web-download-hosts", nil, "hosts that images may be imported from by web-download; * is every one (default: there is no web-download)")
	f.StringSliceVar(&s.webSchemes, "web-download-schemes", []string{"http", "https"}, "schemes of those addresses")
	f.IntSliceVar(&s.webPorts, "web-download-ports", []int{80, 443}, "ports of those addresses")
	f.StringSliceVar(&s.webInner, "web-download-networks", nil, "networks (CIDR) that aren't public, and may be reached nevertheless")
}

// guard is what web-download may reach; nil: nothing.
func (s *imageSettings) guard() (*webdownload.Guard, error) {
	if len(s.webHosts) == 0 {
		return nil, nil
	}
	g := &webdownload.Guard{Hosts: s.webHosts, Schemes: s.webSchemes, Ports: s.webPorts}
	for _, text := range s.webInner {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("setting web-download-networks: %w", err)
		}
		g.Networks = append(g.Networks, p)
	}
	return g, nil
}

// imageStores are where this node keeps image bytes.
type imageStores struct {
	all     []image.NamedStore // the default one first
	files   map[string]*imagestore.Store
	staging *imagestore.Store
	web     *webdownload.Guard
	cache   *imagecache.Cache // of the real host of this process; nil: there is none
}

var storeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// openImages opens the stores and removes what nobody keeps: what was left of
// uploads that ended with the process.
func (n *node) openImages() (err error) {
	s := &n.images
	s.files = map[string]*imagestore.Store{}
	open := func(name, dir string) (store *imagestore.Store, err error) {
		if store, err = imagestore.Open(dir); err != nil {
			return nil, err
		}
		_, err = store.Sweep(func(blob string) bool { return n.now().Image.Images.Keeps(name, blob) })
		return store, err
	}
	if s.staging, err = open(view.Staging, filepath.Join(n.data, "image-staging")); err != nil {
		return err
	}
	for _, one := range append([]string{view.Local + "=" + filepath.Join(n.data, "images")}, n.image.stores...) {
		name, dir, ok := strings.Cut(one, "=")
		if !ok || dir == "" || !storeName.MatchString(name) || s.files[name] != nil || name == view.Staging {
			return fmt.Errorf("setting image-store: %q is no NAME=DIR of a new name", one)
		}
		if dir, err = filepath.Abs(dir); err != nil {
			return err
		}
		if s.files[name], err = open(name, dir); err != nil {
			return err
		}
		s.all = append(s.all, image.NamedStore{Store: s.files[name], Name: name, Dir: dir})
	}
	if n.image.convertTo != "" {
		if n.image.convertTo != "raw" && n.image.convertTo != "qcow2" {
			return fmt.Errorf("setting image-convert-to: %q is neither raw nor qcow2", n.image.convertTo)
		}
		if err := imageconvert.Available(); err != nil {
			return err
		}
	}
	s.web, err = n.image.guard()
	return err
}

// convert converts a staged disk.
func (n *node) convert(ctx context.Context, name, format, as string, maxBytes int64) error {
	from, ok := n.images.staging.Path(name)
	if !ok {
		return fmt.Errorf("%s isn't staged", name)
	}
	return n.images.staging.Create(as, func(to string) error {
		return new(imageconvert.Converter).Convert(ctx, from, format, to, n.image.convertTo, maxBytes)
	})
}

// glance is the image API.
func (n *node) glance() (*image.Service, error) {
	if err := n.openImages(); err != nil {
		return nil, err
	}
	n.sign.Key = make([]byte, 32)
	if _, err := rand.Read(n.sign.Key); err != nil {
		return nil, err
	}
	n.sign.Base = n.url(n.address)
	s := &image.Service{Do: n.cell.Do, Stores: n.images.all, Staging: n.images.staging, Sign: n.sign, Seal: n.keys.Seal,
		Inspect: func(format string) image.Inspection { return imageformat.New(format) }}
	if n.images.web != nil {
		s.CheckURI = n.images.web.Check
	}
	if n.images.cache != nil {
		s.Cache = n.images.cache
	}
	return s, nil
}

// loadNamespaces gives the cloud the namespaces of metadata that it begins with.
// They belong to nobody: their owner is a word, as it is where Glance loads them.
func (n *node) loadNamespaces(ctx context.Context) error {
	load, err := image.DefaultNamespaces("admin")
	if err != nil {
		return err
	}
	if there, _ := n.now().Image.Editions.Get("default"); there.Number >= load.Edition {
		return nil
	}
	_, err = n.cell.Do(commands.With(ctx, commands.Caller{Origin: "cell"}), load)
	return err
}

// startImports does the imports that are asked for.
func (n *node) startImports(ctx context.Context, group *errgroup.Group) {
	limits := (&image.Service{}).WithDefaults()
	m := &imageworkers.Importer{Now: n.now, Do: n.cell.Do, Frames: n.cell.Frames, Stores: map[string]imageworkers.Store{}, Staging: n.images.staging,
		Convert: n.convert, ConvertTo: n.image.convertTo,
		Inspect: func(disk, container string) imageworkers.Inspection {
			return imageformat.New(image.Disk(disk, container))
		},
		Unseal: n.keys.Open, MaxBytes: limits.MaxBytes, MaxVirtualBytes: limits.MaxVirtualBytes, ProjectBytes: limits.ProjectBytes,
		Clock: time.Now, Logger: n.log}
	for name, store := range n.images.files {
		m.Stores[name] = store
	}
	if n.images.web != nil {
		m.Download = n.images.web.Open
	}
	group.Go(func() error { return m.Run(ctx) })
	if n.images.cache != nil {
		group.Go(func() error { return n.images.cache.Run(ctx) })
	}
}

// localImage is the file of an image whose bytes this process keeps.
func (n *node) localImage(id string) (path string, ok bool) {
	i, _ := n.now().Image.Images.Get(id)
	for _, name := range i.Stores {
		if store := n.images.files[name]; store != nil {
			if path, ok = store.Path(i.Blob); ok {
				return path, true
			}
		}
	}
	return "", false
}

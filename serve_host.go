package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/google/uuid"

	"skylog/infra/hypervisor/qemu"
	"skylog/infra/imagecache"
	"skylog/infra/netdev"
	"skylog/infra/usernet"
	"skylog/workers/compute"
)

// realHost is this machine as a compute host; nil where it can't be one and need
// not. It says in one line what it does without.
func (n *node) realHost(ctx context.Context) (*compute.Agent, error) {
	found, err := qemu.Probe(ctx, n.accelerator)
	if err != nil {
		if n.hypervisor == "qemu" {
			return nil, err
		}
		n.log.Warn("no real guests on this host", "why", err.Error())
		return nil, nil
	}
	n.log.Info("guests run under QEMU", "version", found.Version, "accelerator", found.Accelerator, "why", found.Why)
	driver, err := qemu.New(ctx, qemu.Config{Dir: filepath.Join(n.data, "machines"), Host: found, HostIP: "127.0.0.1", Log: n.log})
	if err != nil {
		return nil, err
	}
	network, err := n.hostNetwork(ctx)
	if err != nil {
		return nil, err
	}
	id, err := n.hostID()
	if err != nil {
		return nil, err
	}
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	cache := &imagecache.Cache{Dir: filepath.Join(n.data, "image-cache"), Local: n.localImage, InUse: driver.LiesUpon, URL: n.imageURL, Log: n.log}
	n.images.cache = cache
	return n.agent(subjectToken(name), id, driver, network, cache), nil
}

// Ports of 127.0.0.1 that lead to the SSH of guests without privileges: two
// thousand are more guests than such a host bears.
const (
	firstSSHPort = 22000
	lastSSHPort  = 23999
)

// hostNetwork is bridges and filters where we may make them, else QEMU's own network.
func (n *node) hostNetwork(ctx context.Context) (compute.Network, error) {
	missing := netdev.Available(ctx)
	if missing == nil {
		return netdev.New(ctx, netdev.Options{Dir: filepath.Join(n.data, "network"), Log: n.log})
	}
	user, err := usernet.New(usernet.Options{Dir: filepath.Join(n.data, "network"), FirstPort: firstSSHPort, LastPort: lastSSHPort})
	if err != nil {
		return nil, err
	}
	n.log.Warn("guests get user-mode networks", "why", missing.Error(), "limits", user.Limits())
	return user, nil
}

// subjectToken is a host's name as NATS allows it in a subject.
func subjectToken(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '.', '*', '>', ' ', '\t':
			return '-'
		}
		return r
	}, name)
}

// hostID is the UUID of this host as a hypervisor, made at its first start.
func (n *node) hostID() (string, error) {
	path := filepath.Join(n.data, "host-id")
	data, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(data)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	id := uuid.NewString()
	return id, renameio.WriteFile(path, []byte(id+"\n"), 0o600)
}

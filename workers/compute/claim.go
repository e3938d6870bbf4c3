package compute

import (
	"context"
	"fmt"
	"slices"
)

// meet notes that a want came for a server, whatever will come of it, and which
// ports are the server's from now on. It returns what was known before and the
// ports that the server has no more; ErrStale where the want is an older one.
func (b *Booter) meet(want ServerWant) (before did, left []string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, known := b.done[want.ID]
	switch {
	case b.aside[want.ID]:
		return before, nil, errSettingAside
	case known && want.Generation < before.generation:
		return before, nil, ErrStale
	}
	if b.done == nil {
		b.done, b.owners = map[string]did{}, map[string]string{}
	}
	now, ports := before, portsIn(&want)
	now.generation = want.Generation // from now on older ones are too late, whatever comes of this one
	for _, port := range ports {
		if owner := b.owners[port]; owner == "" || !want.Gone {
			b.owners[port] = want.ID
		}
	}
	for _, port := range before.ports {
		if !slices.Contains(ports, port) {
			left = append(left, port)
		}
	}
	now.ports = append(ports, left...) // until they are unplugged, they are its own to unplug
	b.done[want.ID] = now
	return before, left, nil
}

// portsIn are the ports that a want names.
func portsIn(want *ServerWant) []string {
	ports := slices.Clone(want.PortIDs)
	for i := range want.Ports {
		ports = append(ports, want.Ports[i].ID)
	}
	return ports
}

// knows says whether a want came for a server since the process started.
func (b *Booter) knows(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.done[id]
	return ok
}

func (b *Booter) ownerOf(port string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.owners[port]
}

// plug makes a port what its want says, once all groups that it refers to are known.
func (b *Booter) plug(ctx context.Context, p PortSpec) (Attachment, error) {
	if err := b.Groups.await(ctx, p.Rules); err != nil {
		return Attachment{}, err
	}
	b.plugging.RLock()
	defer b.plugging.RUnlock()
	b.refer(&p)
	return b.Network.Plug(ctx, b.Groups.resolved(p))
}

// refer keeps a port that refers to groups, to be plugged again when they change.
func (b *Booter) refer(p *PortSpec) {
	groups := remoteGroups(p.Rules)
	b.mu.Lock()
	if b.grouped == nil {
		b.grouped = map[string]PortSpec{}
	}
	if len(groups) > 0 {
		b.grouped[p.ID] = *p
	} else {
		delete(b.grouped, p.ID)
	}
	b.mu.Unlock()
	b.Groups.use(b, p.ID, groups)
}

// regroup plugs a port again whose groups have other members. It waits for
// whoever plugs it now, so that the newest of its wants stays.
func (b *Booter) regroup(ctx context.Context, port string) error {
	b.plugging.Lock()
	defer b.plugging.Unlock()
	b.mu.Lock()
	p, there := b.grouped[port]
	b.mu.Unlock()
	if !there {
		return nil
	}
	if _, err := b.Network.Plug(ctx, b.Groups.resolved(p)); err != nil {
		return fmt.Errorf("plug port %s: %w", port, err)
	}
	return nil
}

// unplug takes a port away if it is this server's still; without one, if it is nobody's.
func (b *Booter) unplug(ctx context.Context, port, server string) error {
	b.plugging.Lock()
	defer b.plugging.Unlock()
	if owner := b.ownerOf(port); owner != server {
		return nil // another's by now
	}
	if err := b.Network.Unplug(ctx, port); err != nil {
		return fmt.Errorf("unplug port %s: %w", port, err)
	}
	b.mu.Lock()
	delete(b.grouped, port)
	if b.owners[port] == server {
		delete(b.owners, port)
	}
	b.mu.Unlock()
	b.Groups.use(b, port, nil)
	return nil
}

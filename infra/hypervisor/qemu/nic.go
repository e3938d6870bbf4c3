package qemu

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"skylog/infra/hypervisor/qemu/qmp"
	"skylog/workers/compute"
)

// syncNICs plugs and unplugs until the running process has the wanted NICs. What
// it has, QEMU is asked; how they are plugged in, the record knows.
func (m *machine) syncNICs(ctx context.Context, want []compute.NIC, r *record) error {
	has, err := m.plugged(ctx)
	if err != nil {
		return err
	}
	// A NIC whose plugging in was broken off has a record but no device.
	known := len(r.Launch.NICs)
	r.Launch.NICs = slices.DeleteFunc(r.Launch.NICs, func(n slotted) bool { return !has[n.PortID] })
	changed := known != len(r.Launch.NICs)
	for port := range has {
		keep := slices.ContainsFunc(want, func(n compute.NIC) bool {
			return n.PortID == port && slices.ContainsFunc(r.Launch.NICs, func(s slotted) bool { return reflect.DeepEqual(s.NIC, n) })
		})
		if keep {
			continue
		}
		if err := m.unplug(ctx, port); err != nil {
			return err
		}
		delete(has, port)
		r.Launch.NICs = slices.DeleteFunc(r.Launch.NICs, func(s slotted) bool { return s.PortID == port })
		changed = true
	}
	if changed {
		if err := m.save(*r); err != nil {
			return err
		}
	}
	for _, n := range want {
		if has[n.PortID] {
			continue
		}
		if err := m.plug(ctx, n, r); err != nil {
			return err
		}
	}
	return nil
}

// plugged lists the ports whose NICs the process has.
func (m *machine) plugged(ctx context.Context) (map[string]bool, error) {
	var devices []struct{ Name string }
	if err := m.execute(ctx, "qom-list", map[string]string{"path": "/machine/peripheral"}, &devices); err != nil {
		return nil, err
	}
	ports := map[string]bool{}
	for _, d := range devices {
		if port, ok := strings.CutPrefix(d.Name, "nic-"); ok {
			ports[port] = true
		}
	}
	return ports, nil
}

func (m *machine) plug(ctx context.Context, n compute.NIC, r *record) error {
	slot, ok := r.Launch.freeSlot()
	if !ok {
		return fmt.Errorf("%w: machine %s has no place for port %s", compute.ErrPermanent, m.id, n.PortID)
	}
	r.Launch.NICs = append(r.Launch.NICs, slotted{n, slot})
	if err := m.save(*r); err != nil {
		return err
	}
	if err := m.tolerant(ctx, "netdev_del", map[string]string{"id": netdevID(n.PortID)}); err != nil { // of a plugging broken off
		return err
	}
	if err := m.execute(ctx, "netdev_add", netdevOptions(n), nil); err != nil {
		return fmt.Errorf("port %s: %w", n.PortID, err)
	}
	if err := m.driver.step("netdev"); err != nil {
		return err
	}
	if err := m.execute(ctx, "device_add", deviceOptions(slotted{n, slot}), nil); err != nil {
		return fmt.Errorf("port %s: %w", n.PortID, err)
	}
	return m.driver.step("nic")
}

// unplug asks the guest for a NIC and waits until it has let go.
func (m *machine) unplug(ctx context.Context, port string) error {
	ctx, cancel := context.WithTimeout(ctx, unplugTime)
	defer cancel()
	// Asked again while it is under way, QEMU refuses; that is as good.
	if err := m.tolerant(ctx, "device_del", map[string]string{"id": deviceID(port)}); err != nil {
		return err
	}
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		has, err := m.plugged(ctx)
		if err != nil {
			return fmt.Errorf("unplug port %s: %w", port, err)
		}
		if !has[port] {
			return m.tolerant(ctx, "netdev_del", map[string]string{"id": netdevID(port)})
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the guest of %s doesn't let go of port %s: %w", m.id, port, ctx.Err())
		case <-look.C:
		}
	}
}

// tolerant runs a command whose refusal means that there is nothing to do.
func (m *machine) tolerant(ctx context.Context, command string, arguments any) error {
	err := m.execute(ctx, command, arguments, nil)
	var refusal *qmp.Error
	if errors.As(err, &refusal) {
		return nil
	}
	return err
}

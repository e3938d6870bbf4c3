package apiscripts

import (
	"context"
	"errors"
	"time"

	cmd "skylog/commands/compute"
)

// inside is a host whose machines are all alike.
type inside struct{}

func (inside) Diagnose(context.Context, string) (cmd.Diagnostics, error) {
	return cmd.Diagnostics{
		Hypervisor: "qemu", CPUs: []time.Duration{2 * time.Second}, RAMMiB: 512, RSSKiB: 190_000,
		Disks: []cmd.DiskCounts{{Device: "vda", ReadRequests: 10, ReadBytes: 40960, WriteRequests: 2, WriteBytes: 8192}},
		NICs: []cmd.NICCounts{
			{MAC: "02:00:00:00:00:01", Device: "sky1", Received: cmd.Traffic{Bytes: 1000, Packets: 10}, Sent: cmd.Traffic{Bytes: 500, Packets: 5, Drops: 1}},
			{MAC: "02:00:00:00:00:02"}},
	}, nil
}

// SetPassword takes a password for demo, and knows nobody else.
func (inside) SetPassword(_ context.Context, _, user, password string) error {
	switch {
	case password == "silent":
		return cmd.ErrSilent
	case password == "stopped":
		return cmd.ErrNotRunning
	case user != "demo":
		return errors.New("the guest's agent: there is no such user")
	}
	return nil
}

package walk

import (
	"context"

	"skylog/commands/compute"
)

// inside is a host whose machines are all alike.
type inside struct{}

func (inside) Diagnose(context.Context, string) (compute.Diagnostics, error) {
	return compute.Diagnostics{Hypervisor: "fake", RAMMiB: 512}, nil
}

func (inside) SetPassword(context.Context, string, string, string) error { return nil }

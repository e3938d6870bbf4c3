// Command skylog is a cloud: the OpenStack APIs at its edge, one event log at
// its heart, hypervisors at its rim, in one program. Its root has a file per
// subcommand; it wires and decides nothing.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{
		Use:           "skylog",
		Short:         "A cloud that speaks the OpenStack APIs and keeps everything in one event log",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(serveCommand(), verifyCommand(), eventsCommand(), traceCommand(), keysCommand(), demoImageCommand(), versionCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "skylog:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

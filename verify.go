package main

import (
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/spf13/cobra"

	"skylog/infra/cell"
	"skylog/infra/jetstream"
)

func verifyCommand() *cobra.Command {
	var data string
	c := &cobra.Command{
		Use: "verify", Short: "Fold the whole log anew and check it, and every snapshot, against what it gives", Args: cobra.NoArgs,
		Long: "Verify reads the log of a stopped instance from its first frame, checks the hash chain,\n" +
			"folds the world without any snapshot, and compares each snapshot with the state at its frame.\n" +
			"It changes nothing, and fails where anything doesn't agree.",
		RunE: func(c *cobra.Command, _ []string) error {
			unlock, err := lockData(data)
			if err != nil {
				return err
			}
			defer unlock()
			logger := slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))
			nats, err := jetstream.Start(c.Context(), jetstream.Options{Dir: filepath.Join(data, "log"), Logger: logger})
			if err != nil {
				return err
			}
			defer nats.Close()
			if err := jetstream.Setup(c.Context(), nats.JS); err != nil {
				return err
			}
			found, err := cell.Verify(c.Context(), jetstream.Store(nats.JS), filepath.Join(data, "snapshots"), nil)
			if err != nil {
				return fmt.Errorf("verification failed: %w", err)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "verified: %d frames, %d events, %d snapshots agree, state %s\n",
				found.Frames, found.Events, len(found.Snapshots), found.Hash)
			return err
		},
	}
	c.Flags().StringVar(&data, "data", "./var", "the data folder")
	return c
}

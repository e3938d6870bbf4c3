package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"skylog/infra/demoimage"
)

func demoImageCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "demo-image", Short: "Build a small Linux image to boot, from this host's own Debian packages, and print its path last", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cache, err := os.UserCacheDir()
			if err != nil {
				return err
			}
			path, err := demoimage.Build(c.Context(), demoimage.Options{CacheDir: filepath.Join(cache, "skylog"), Out: out, Log: c.ErrOrStderr()})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), path)
			return err
		},
	}
	c.Flags().StringVar(&out, "out", "", "where the image shall stand (default: in the user's cache folder)")
	return c
}

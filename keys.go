package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"skylog/infra/keystore"
)

func keysCommand() *cobra.Command {
	c := &cobra.Command{Use: "keys", Short: "Manage the keys that seal tokens"}
	var data string
	var forget bool
	rotate := &cobra.Command{
		Use: "rotate", Short: "Seal tokens with a new key from now on", Args: cobra.NoArgs,
		Long: "Rotate makes a new key in the data folder, which a server that works on it takes up within a\n" +
			"second. Tokens sealed with the former keys stay good until they expire, unless --forget throws\n" +
			"those keys away: everybody must then log in again.",
		RunE: func(c *cobra.Command, _ []string) error {
			store, err := keystore.Open(filepath.Join(data, "keys"))
			if err != nil {
				return err
			}
			turn := store.Tokens().Rotate
			if forget {
				turn = store.Tokens().Renew
			}
			if err := turn(); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "tokens are sealed with a new key")
			return err
		},
	}
	rotate.Flags().StringVar(&data, "data", "./var", "the data folder")
	rotate.Flags().BoolVar(&forget, "forget", false, "throw the former keys away, and with them all tokens")
	c.AddCommand(rotate)
	return c
}

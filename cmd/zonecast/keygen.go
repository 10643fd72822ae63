package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"zonecast/internal/durable"
	"zonecast/internal/release"
)

func keygenCommand() *cobra.Command {
	var name, path string
	cmd := &cobra.Command{
		Use:   "keygen -o FILE",
		Short: "Make a key pair that signs releases",
		Long: `Writes the private key to FILE (mode 0600, for the publisher: publisher.key_file) and the public key to FILE.pub
(for proxies: localproxy.keys or localproxy.key_file), and prints the public key. An existing file is never
overwritten.`,
		Example: "  zonecast keygen --name zonecast-prod -o /etc/zonecast/release.key",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, p := range []string{path, path + ".pub"} {
				if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
					return fmt.Errorf("%s exists already; move it away first if it is really to be replaced", p)
				}
			}
			private, public, err := release.NewKey(name)
			if err != nil {
				return err
			}
			if err := durable.WriteFile(path, []byte(string(private)+"\n"), 0o600); err != nil {
				return err
			}
			if err := durable.WriteFile(path+".pub", []byte(string(public)+"\n"), 0o644); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), string(public))
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "zonecast", "whose key it is; no spaces or plus signs")
	cmd.Flags().StringVarP(&path, "output", "o", "zonecast.key", "file of the private key")
	return cmd
}

package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"zonecast/internal/durable"
	"zonecast/internal/store/zk"
)

func storeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "store",
		Short: "Who may do what in ZooKeeper: identities and access lists",
		Example: `  zonecast store identity --new proxy /etc/zonecast/proxy
  zonecast store acl -c /etc/zonecast/zonecast.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(identityCommand(), aclCommand())
	return cmd
}

func identityCommand() *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use:   "identity FILE",
		Short: "Print the digest id of an auth_file; with --new make the file first",
		Long: `Prints the digest id (user:hash) of the identity in FILE, a store.zk.auth_file: what store.zk.writer and store.zk.readers
hold. The id is no secret as long as the password cannot be guessed. With --new it first writes FILE (mode 0600) with
that user and a random password; an existing file is never overwritten.`,
		Example: `  zonecast store identity --new proxy /etc/zonecast/proxy.auth
  zonecast store identity /etc/zonecast/writer.auth`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := args[0]
			if cmd.Flags().Changed("new") {
				if user == "" || strings.ContainsAny(user, ": \t\r\n") {
					return fmt.Errorf("--new %q: a name without colons and spaces", user)
				}
				if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
					return fmt.Errorf("%s exists already; move it away first if it is really to be replaced", file)
				}
				if err := durable.WriteFile(file, []byte(user+":"+rand.Text()+"\n"), 0o600); err != nil {
					return err
				}
			}
			id, err := zk.Identity(file)
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%w; --new USER makes the file", err)
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), id)
			return nil
		},
	}
	cmd.Flags().StringVar(&user, "new", "", "make FILE for this user")
	return cmd
}

func aclCommand() *cobra.Command {
	var flags stageFlags
	var apply, asJSON bool
	cmd := &cobra.Command{
		Use:   "acl",
		Short: "Compare the access lists of all nodes with the config; with --apply put them right",
		Long: `Walks the tree below store.zk.root and compares each node's access list with what store.zk.auth_file, writer and readers
say. Nodes get their lists when they are made, so this is for those that were made before: after readers were added or
taken away. It runs as the writer, beside a working pipeline, and may be repeated. New nodes have the lists that the
config of the process says that makes them: restart the stages with the new config first.

It exits with 1 when lists differ that were not put right.`,
		Example: `  zonecast store acl -c /etc/zonecast/zonecast.yaml
  zonecast store acl -c /etc/zonecast/zonecast.yaml --apply`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := flags.load(cmd)
			if err != nil {
				return err
			}
			if cfg.Store.Kind != "zk" {
				return errors.New("access lists are ZooKeeper's: this config has not store.kind: zk")
			}
			if cfg.Store.ZK.Log, err = newLogger(cfg.Log, cmd.ErrOrStderr()); err != nil {
				return err
			}
			found, err := zk.CheckAccess(cmd.Context(), cfg.Store.ZK, apply)
			if err != nil {
				return err
			}
			if asJSON {
				err = printLine(cmd.OutOrStdout(), found)
			} else {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d nodes, %d with other access lists, %d of them put right\n", found.Nodes, found.Differ, found.Changed)
			}
			if err == nil && found.Changed < found.Differ {
				return exitCode{code: 1}
			}
			return err
		},
	}
	flags.config(cmd)
	cmd.Flags().BoolVar(&apply, "apply", false, "put right what differs")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

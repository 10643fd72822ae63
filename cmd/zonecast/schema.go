package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zonecast/ci/schema"
)

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema " + strings.Join(schema.Names, "|"),
		Short: "Print the JSON Schema of a kind of file, for editors",
		Long: `Prints a JSON Schema (draft-07) of zone files, rule modules, kinds.yaml, policy.yaml or zonecast.yaml. Editors complete
and complain by it: docs/editors.md says how. zonecast check sees more.`,
		Example: `  zonecast schema zones > .schema/zones.json
  zonecast schema policy`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(schema.Names, args[0]) {
				return fmt.Errorf("name one kind of file: %s", strings.Join(schema.Names, ", "))
			}
			return nil
		},
		ValidArgs: schema.Names,
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := schema.Files.ReadFile(args[0] + ".json")
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"zonecast/internal/check"
)

// listChecks prints every check, or with a code that one alone.
func listChecks(w io.Writer, code, format string) error {
	list := check.All()
	if code != "" {
		c, ok := check.Find(code)
		if !ok {
			return exitCode{2, fmt.Errorf("there is no check %q: zonecast check --list has them all (what exports cannot carry: docs/moving.md)", code)}
		}
		list = []check.Code{c}
	}
	switch format {
	case formatJSON:
		return printChecks(w, list)
	case formatText:
	default:
		return exitCode{2, fmt.Errorf("the list of checks comes as text or json, not as %s", format)}
	}
	var area check.Area
	for _, c := range list {
		if code == "" && c.About[0] != area {
			area = c.About[0]
			fmt.Fprintf(w, "%s (%s)\n", area, c.Page())
		}
		fmt.Fprintf(w, "  %-22s %-7s %s\n  %30s to mend it: %s\n", c.Code, c.Severity, c.Text, "", c.Fix)
	}
	if code != "" {
		c := list[0]
		about := make([]string, len(c.About))
		for i, a := range c.About {
			about[i] = string(a)
		}
		fmt.Fprintf(w, "  %30s about: %s; see %s\n", "", strings.Join(about, ", "), c.Page())
	}
	return nil
}

func printChecks(w io.Writer, list []check.Code) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	type listed struct {
		check.Code
		Page string `json:"page"`
	}
	out := make([]listed, len(list))
	for i, c := range list {
		out[i] = listed{c, c.Page()}
	}
	return enc.Encode(out)
}

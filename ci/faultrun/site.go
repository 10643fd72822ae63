//go:build linux && amd64

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The site of every campaign. The gates stand open on purpose: servers come and go at random here, and what the
// guards hold back is another test's business.

const siteKinds = "kinds:\n  server: {hostname: label, ipv4: ipv4, ipv6: ipv6, roles: {list: label, optional: true}}\n"

const siteModule = `module: servers
kind: server
ttl: 300
records:
  - {name: '{hostname}.{vars.suffix}', type: A, value: '{ipv4}'}
  - {name: '{hostname}.{vars.suffix}', type: AAAA, value: '{ipv6}'}
  - {name: '{reverse(ipv4)}', type: PTR, value: '{hostname}.{vars.suffix}'}
  - {each: roles, name: '{it}.{vars.suffix}', type: A, value: '{ipv4}'}
`

const siteZone = "'': {type: NS, value: ns1." + suffix + "}\nns1: {type: A, value: 192.0.2.53}\n"

const siteConfig = `
http: {token_file: token}
rules: {dir: rules, vars: {suffix: ` + suffix + `}}
presenter: {zones: zones}
publisher:
  key_file: key
  bases: {deltas: 150}
  history: {releases: 100, age: 1s}
  heartbeat: 2s
  gates: {deleted: 1000000, deleted_share: 1, changed_share: 1, total_share: 1}
`

// writeSite makes the folders and files that all processes share.
func writeSite(dir, bin string) error {
	files := map[string]string{
		"rules/kinds.yaml": siteKinds, "rules/servers.yaml": siteModule,
		"zones/" + strings.TrimSuffix(suffix, ".") + ".yaml": siteZone,
		"zones/18.198.in-addr.arpa.yaml":                     "'': {type: NS, value: ns1." + suffix + "}\n",
		"token":                                              siteToken + "\n",
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		return err
	}
	_, err := output(dir, bin, "keygen", "-o", "key")
	return err
}

// siteToken lets the writer in; it guards nothing but this run.
const siteToken = "faults-campaign-token"

// writeConfig writes a config file: the site's, a store, and what a process has of its own.
func writeConfig(dir, name, store, more string) error {
	text := fmt.Sprintf("store: %s\n%s%s", store, siteConfig, more)
	return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)
}

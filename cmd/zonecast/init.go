package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"zonecast/internal/durable"
	"zonecast/internal/zone"
	modules "zonecast/rules/modules"
)

//go:embed init
var initFiles embed.FS

// project is what the templates of a new folder are filled with.
type project struct {
	Zone    string   // without the final dot: "corp.example"
	Reverse []string // reverse zones, without the final dot
	Host    string   // address of the sample server, inside the network of a reverse zone
	Host6   string   // its IPv6 address; "" without such a network
}

func initCommand() *cobra.Command {
	var zoneText string
	var reverse []string
	cmd := &cobra.Command{
		Use:   "init DIR --zone ZONE [--reverse NETWORK]...",
		Short: "Make a small project to start from: config, rules, a zone, an inventory",
		Long: `Makes a folder with a config, the shipped rules, zone files and an inventory of one sample server, which zonecast up
serves as it stands. Rules make reverse names of all servers: name the networks with --reverse, or their zones later
as files in zones/. Without an IPv4 network it is the sample server's, 192.0.2.0/24.`,
		Example: `  zonecast init my-dns --zone corp.example --reverse 192.0.2.0/24
  zonecast init my-dns --zone corp.example --reverse 192.0.2.0/24 --reverse 2001:db8::/48
  cd my-dns && zonecast up`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if zoneText == "" {
				return errors.New("--zone is needed: the zone to serve, for example --zone corp.example; see: zonecast init --help")
			}
			p, err := newProject(zoneText, reverse)
			if err != nil {
				return err
			}
			if err := writeProject(args[0], p); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "made %s for %s\n\nNext:\n  cd %s\n  zonecast check\n  zonecast up\n", args[0], p.Zone, args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&zoneText, "zone", "", "the zone to serve, for example corp.example")
	cmd.Flags().StringArrayVar(&reverse, "reverse", nil, "network whose reverse names are served too, for example 192.0.2.0/24 or 2001:db8::/48; may be repeated")
	return cmd
}

func newProject(zoneText string, reverse []string) (project, error) {
	name, err := zone.ParseName(strings.TrimSuffix(zoneText, ".") + ".")
	if err != nil {
		return project{}, fmt.Errorf("--zone: %w", err)
	}
	p := project{Zone: strings.TrimSuffix(name.String(), ".")}
	for _, text := range reverse {
		if err := p.addReverse(text); err != nil {
			return p, fmt.Errorf("--reverse: %w", err)
		}
	}
	if p.Host == "" { // the sample server's reverse name needs a zone, or check would find a fault in what was just made
		err = p.addReverse("192.0.2.0/24")
	}
	return p, err
}

// addReverse adds a network's reverse zone. The first network of a family gives the sample server its address.
func (p *project) addReverse(text string) error {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return fmt.Errorf("%q is no network such as 192.0.2.0/24 or 2001:db8::/48", text)
	}
	network = network.Masked()
	apex, err := reverseZone(network)
	if err != nil {
		return err
	}
	p.Reverse = append(p.Reverse, apex)
	switch host := network.Addr().AsSlice(); {
	case len(host) == 4 && p.Host == "":
		host[3] += 10
		p.Host = netip.AddrFrom4([4]byte(host)).String()
	case len(host) == 16 && p.Host6 == "" && network.Bits() <= 120:
		host[15] += 16
		p.Host6 = netip.AddrFrom16([16]byte(host)).String()
	}
	return nil
}

// reverseZone names the zone of a network that ends on a label: 8, 16 or 24 bits of IPv4, a multiple of 4 of IPv6.
func reverseZone(network netip.Prefix) (string, error) {
	var labels []string
	if a := network.Addr(); a.Is4() {
		if network.Bits() != 8 && network.Bits() != 16 && network.Bits() != 24 {
			return "", fmt.Errorf("%s: a reverse zone of IPv4 has /8, /16 or /24; add a zone file for each further one", network)
		}
		b := a.As4()
		for i := network.Bits()/8 - 1; i >= 0; i-- {
			labels = append(labels, fmt.Sprint(b[i]))
		}
		return strings.Join(labels, ".") + ".in-addr.arpa", nil
	}
	if network.Bits()%4 != 0 || network.Bits() == 0 {
		return "", fmt.Errorf("%s: a reverse zone of IPv6 has a multiple of 4 bits", network)
	}
	b := network.Addr().As16()
	for i := network.Bits()/4 - 1; i >= 0; i-- {
		nibble := b[i/2] >> 4
		if i%2 == 1 {
			nibble = b[i/2] & 15
		}
		labels = append(labels, fmt.Sprintf("%x", nibble))
	}
	return strings.Join(labels, ".") + ".ip6.arpa", nil
}

// writeProject fills a new or empty folder. An existing file is never overwritten.
func writeProject(dir string, p project) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty: name a folder that is, or one to be made", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, sub := range []string{"rules", "zones"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	files := map[string]string{ // template by path
		"zonecast.yaml": "zonecast.yaml", "inventory.yaml": "inventory.yaml", ".gitignore": "gitignore", "zones/" + p.Zone + ".yaml": "zone.yaml"}
	for _, apex := range p.Reverse {
		files["zones/"+apex+".yaml"] = "reverse.yaml"
	}
	for path, name := range files {
		text, err := fill(name, p)
		if err != nil {
			return err
		}
		if err := durable.WriteFile(filepath.Join(dir, path), text, 0o644); err != nil {
			return err
		}
	}
	return copyModules(filepath.Join(dir, "rules"))
}

func fill(name string, p project) ([]byte, error) {
	t, err := template.ParseFS(initFiles, "init/"+name)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	err = t.Execute(&b, p)
	return []byte(b.String()), err
}

// copyModules gives the project the shipped library, to be changed at will.
func copyModules(dir string) error {
	return fs.WalkDir(modules.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(modules.Files, path)
		if err != nil {
			return err
		}
		return durable.WriteFile(filepath.Join(dir, path), text, 0o644)
	})
}

package zonecast

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"
)

var update = flag.Bool("update", false, "write docs/metrics.md as the program's own metrics say")

// metric is one family as the program exports it.
type metric struct {
	kind, help string
	labels     []string
}

// exported runs the sample project, has every counter begin, and reads what it exports.
func exported(t *testing.T) map[string]metric {
	t.Helper()
	http1, dns := freeUDP(t), freeUDP(t)
	config := filepath.Join(t.TempDir(), "zonecast.yaml")
	programs, err := filepath.Abs("examples/process")
	if err != nil {
		t.Fatal(err)
	}
	sample := strings.Replace(read(t, "zonecast.yaml"), "\nrules:\n", fmt.Sprintf("\nrules:\n  processes: {aliases: {command: [sh, aliases.sh], dir: %q}}\n", programs), 1)
	writeFile(t, config, sample+"\nnotify: {receivers: {ops: {url: 'http://127.0.0.1:1'}}}\n")
	launch(t, ".", "up", "-c", config, "--rules", "rules/modules", "--zones", "zones", "--inventory", "examples/fleet/fleet.yaml", "--data", t.TempDir(), "--http", http1, "--dns", dns)
	eventually(t, "an event with an attribute too many is accepted", func() bool {
		return strings.Contains(command(t, ".", "event", "--http", http1,
			`{"op":"put","kind":"server","id":"m1","attrs":{"hostname":"m1","site":"ams1","ipv4":"192.0.2.90","state":"up","roles":[],"colour":"red"}}`).out, "accepted")
	})
	found := map[string]metric{}
	eventually(t, "the event is released and served", func() bool {
		res, err := http.Get("http://" + http1 + "/metrics")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		clear(found)
		for name, f := range families {
			if !strings.HasPrefix(name, "zonecast_") {
				continue
			}
			labels := map[string]bool{}
			for _, m := range f.Metric {
				for _, l := range m.Label {
					labels[l.GetName()] = true
				}
			}
			found[name] = metric{strings.ToLower(f.GetType().String()), f.GetHelp(), slices.Sorted(maps.Keys(labels))}
		}
		swaps, events := families["zonecast_localproxy_swap_seconds"], families["zonecast_publisher_event_to_release_seconds"]
		return swaps != nil && events.GetMetric()[0].GetHistogram().GetSampleCount() > 0 && found["zonecast_rules_unknown_attributes_total"].kind != "" &&
			found["zonecast_publisher_proxies"].kind != "" && found["zonecast_rules_module_held"].kind != ""
	})
	return found
}

var metricName = regexp.MustCompile(`\bzonecast_[a-z0-9_]+`)

// checkNames wants every metric that an expression uses to be exported.
func checkNames(t *testing.T, where, expr string, found map[string]metric) {
	t.Helper()
	for _, name := range metricName.FindAllString(expr, -1) {
		base := name
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			if cut, ok := strings.CutSuffix(name, part); ok && found[cut].kind == "histogram" {
				base = cut
			}
		}
		switch m := found[base]; {
		case m.kind == "":
			t.Errorf("%s uses %s, which the program does not export", where, name)
		case m.kind == "histogram" && base == name:
			t.Errorf("%s uses %s: of a histogram there are _bucket, _sum and _count", where, name)
		}
	}
}

// alarm is one rule of ci/alerts.
type alarm struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alarms(t *testing.T) (list []alarm) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []alarm `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "ci/alerts/zonecast.rules.yml")), &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		list = append(list, g.Rules...)
	}
	if len(list) < 10 {
		t.Fatalf("only %d alarms", len(list))
	}
	return list
}

// TestMetrics holds alarms, dashboard and page to what the program really exports.
func TestMetrics(t *testing.T) {
	t.Parallel()
	found := exported(t)
	for _, a := range alarms(t) {
		checkNames(t, "alarm "+a.Alert, a.Expr, found)
	}
	for title, exprs := range dashboard(t) {
		for _, expr := range exprs {
			checkNames(t, "panel "+title, expr, found)
		}
	}
	const head = "| metric | type | labels | meaning |\n|---|---|---|---|\n"
	page := read(t, "docs/metrics.md")
	before, _, ok := strings.Cut(page, head)
	if !ok {
		t.Fatal("docs/metrics.md has no table")
	}
	var table strings.Builder
	for _, name := range slices.Sorted(maps.Keys(found)) {
		m := found[name]
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", name, m.kind, strings.Join(m.labels, ", "), m.help)
	}
	want := before + head + table.String()
	if want == page {
		return
	}
	if *update {
		if err := os.WriteFile(filepath.FromSlash("docs/metrics.md"), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, line := range strings.Split(want, "\n") {
		if !strings.Contains(page, line+"\n") {
			t.Errorf("docs/metrics.md lacks: %s", line)
		}
	}
	for _, line := range strings.Split(page, "\n") {
		if !strings.Contains(want, line+"\n") {
			t.Errorf("docs/metrics.md has, and the program has not: %s", line)
		}
	}
	t.Error("go test -run TestMetrics -update . writes the table")
}

// TestAlarmsAreDocumented wants an entry for each alarm in the README, and each to be tested with promtool.
func TestAlarmsAreDocumented(t *testing.T) {
	t.Parallel()
	_, section, ok := strings.Cut(read(t, "README.md"), "\n## Alerting\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !ok {
		t.Fatal("README.md has no section Alerting")
	}
	tests, named := read(t, "ci/alerts/zonecast_test.yml"), map[string]bool{}
	for _, a := range alarms(t) {
		named[a.Alert] = true
		if !strings.Contains(section, "\n| "+a.Alert+" |") {
			t.Errorf("README.md, Alerting, has no row for %s", a.Alert)
		}
		if !strings.Contains(tests, `alertname="`+a.Alert+`",alertstate="firing"`) {
			t.Errorf("no test has %s fire", a.Alert)
		}
		if a.Annotations["summary"] == "" || a.Annotations["description"] == "" || a.Annotations["runbook_url"] != "README.md#alerting" {
			t.Errorf("%s: summary, description and runbook_url are needed: %v", a.Alert, a.Annotations)
		}
		if !slices.Contains([]string{"info", "warning", "critical"}, a.Labels["severity"]) {
			t.Errorf("%s: severity %q", a.Alert, a.Labels["severity"])
		}
	}
	for _, m := range regexp.MustCompile(`\n\| (Zonecast\w+) \|`).FindAllStringSubmatch(section, -1) {
		if !named[m[1]] {
			t.Errorf("README.md explains %s, which is no alarm", m[1])
		}
	}
}

// TestDashboardIsPromQL has promtool parse what the panels ask.
func TestDashboardIsPromQL(t *testing.T) {
	t.Parallel()
	promtool, err := exec.LookPath("promtool")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("promtool is not here (Debian's package prometheus)")
	} else if err != nil {
		t.Fatal(err)
	}
	var rules strings.Builder
	rules.WriteString("groups:\n  - name: panels\n    rules:\n")
	n := 0
	for _, exprs := range dashboard(t) {
		for _, expr := range exprs {
			fmt.Fprintf(&rules, "      - {record: panel%d, expr: %q}\n", n, strings.ReplaceAll(expr, "$__rate_interval", "5m"))
			n++
		}
	}
	path := filepath.Join(t.TempDir(), "panels.yml")
	writeFile(t, path, rules.String())
	if out, err := exec.Command(promtool, "check", "rules", path).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// dashboard gives the expressions of each panel, and checks what Grafana needs to show them.
func dashboard(t *testing.T) map[string][]string {
	t.Helper()
	var board struct {
		Title         string `json:"title"`
		UID           string `json:"uid"`
		SchemaVersion int    `json:"schemaVersion"`
		Templating    struct {
			List []struct{ Name, Type, Query string } `json:"list"`
		} `json:"templating"`
		Panels []struct {
			ID         int    `json:"id"`
			Type       string `json:"type"`
			Title      string `json:"title"`
			Datasource struct{ Type, UID string }
			GridPos    struct{ X, Y, W, H int }
			Targets    []struct{ Expr, RefID, LegendFormat string }
		} `json:"panels"`
	}
	if err := json.Unmarshal([]byte(read(t, "ci/grafana/zonecast.json")), &board); err != nil {
		t.Fatal(err)
	}
	vars := board.Templating.List
	if board.Title == "" || board.UID == "" || board.SchemaVersion < 36 || len(vars) != 1 || vars[0].Name != "datasource" || vars[0].Query != "prometheus" {
		t.Errorf("dashboard: %q, %q, schema %d, variables %v", board.Title, board.UID, board.SchemaVersion, vars)
	}
	panels, ids, taken := map[string][]string{}, map[int]bool{}, map[[2]int]string{}
	for _, p := range board.Panels {
		if p.ID == 0 || ids[p.ID] || (p.Type != "stat" && p.Type != "timeseries") || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("panel %q: id %d, type %q, datasource %v, %d targets", p.Title, p.ID, p.Type, p.Datasource, len(p.Targets))
		}
		ids[p.ID] = true
		g, refs := p.GridPos, map[string]bool{}
		if g.W < 1 || g.H < 1 || g.X < 0 || g.X+g.W > 24 {
			t.Errorf("panel %q stands outside the grid of 24 columns: %+v", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" && other != p.Title {
					t.Fatalf("panels %q and %q overlap", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, target := range p.Targets {
			if target.RefID == "" || refs[target.RefID] {
				t.Errorf("panel %q: refId %q", p.Title, target.RefID)
			}
			refs[target.RefID] = true
			panels[p.Title] = append(panels[p.Title], target.Expr)
		}
	}
	return panels
}

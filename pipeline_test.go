package zonecast

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"zonecast/internal/service"
	"zonecast/internal/store/embedded"
	"zonecast/localproxy"
	"zonecast/presenter"
	"zonecast/publisher"
	"zonecast/rules"
)

// TestEventBecomesAnswer is the whole pipeline in one page: files are loaded, an event is posted, and the proxy
// answers for it.
func TestEventBecomesAnswer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	// What people write: what a server is, what it gives, and the zone it lives in.
	write("rules/kinds.yaml", "kinds: {server: {hostname: label, ipv4: ipv4}}\n")
	write("rules/servers.yaml", `
module: servers
kind: server
ttl: 300
records:
  - {name: '{hostname}.prod.example.', type: A, value: '{ipv4}'}
`)
	write("zones/prod.example.yaml", "'': {type: NS, value: ns1.prod.example.}\n")
	key := filepath.Join(dir, "key")
	if _, err := publisher.EnsureKey(key); err != nil {
		t.Fatal(err)
	}

	// The store where the stages meet, and the four stages: they know the store and not each other.
	st, err := embedded.Open(filepath.Join(dir, "store.db"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	host := service.NewHost("test", "", slog.New(slog.NewTextHandler(io.Discard, nil)))
	listener, err := host.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rulesConfig, presenterConfig := rules.DefaultConfig(), presenter.DefaultConfig()
	rulesConfig.Dir, presenterConfig.Zones = filepath.Join(dir, "rules"), filepath.Join(dir, "zones")
	publisherConfig, proxyConfig := publisher.DefaultConfig(), localproxy.DefaultConfig()
	publisherConfig.Data, publisherConfig.KeyFile = filepath.Join(dir, "publisher"), key
	proxyConfig.Data, proxyConfig.KeyFile, proxyConfig.DNS = filepath.Join(dir, "proxy"), key+".pub", []string{freeUDP(t)}

	stage1, err1 := rules.New(rulesConfig, st, host)
	stage2, err2 := presenter.New(presenterConfig, st, host)
	stage3, err3 := publisher.New(publisherConfig, st, host)
	stage4, err4 := localproxy.New(proxyConfig, st, host)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	group, _ := service.NewGroup(ctx)
	group.Go("http", func(ctx context.Context) error { return host.Serve(ctx, listener) })
	group.Go("rules", stage1.Run)
	group.Go("presenter", stage2.Run)
	group.Go("publisher", stage3.Run)
	group.Go("localproxy", stage4.Run)
	defer func() {
		stop()
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
		st.Close()
	}()

	// An event goes in; it is answered for once it is durable.
	eventually(t, "the event is accepted", func() bool {
		event := `{"op":"put","kind":"server","id":"web001","attrs":{"hostname":"web001","ipv4":"192.0.2.10"}}`
		res, err := http.Post(host.URL()+"/v1/events", "application/x-ndjson", strings.NewReader(event))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		answer, _ := io.ReadAll(res.Body)
		return strings.Contains(string(answer), `"accepted"`)
	})
	// And DNS says so.
	eventually(t, "the proxy answers", func() bool {
		question := new(dns.Msg).SetQuestion("web001.prod.example.", dns.TypeA)
		reply, err := dns.Exchange(question, proxyConfig.DNS[0])
		return err == nil && len(reply.Answer) == 1 && reply.Answer[0].(*dns.A).A.String() == "192.0.2.10"
	})
}

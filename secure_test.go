package zonecast

import (
	"errors"
	"fmt"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/store"
	"zonecast/internal/store/zk"
	"zonecast/internal/store/zktest"
)

// TestSecureStore runs the stages on a ZooKeeper that wants TLS with a client's certificate, as an identity of their
// own: all of it from zonecast.yaml. Others on the same ZooKeeper see nothing.
func TestSecureStore(t *testing.T) {
	t.Parallel()
	files := zktest.NewTLS(t)
	server := zktest.Single(t, zktest.Options{TLS: files})
	d := newDeployment(t, server, fmt.Sprintf("servers: ['%s'], auth_file: auth, tls: {ca: %s, cert: %s, key: %s}",
		server.SecureAddr, files.CA, files.ClientCert, files.ClientKey))
	d.write("auth", "zonecast:correct horse\n")
	d.watched().startAll()
	d.event("rules", putWeb1)
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.10")
	contains(t, d.must("publisher", "explain", "web1.prod.example"), "module servers, entity server/web1")

	stranger := zk.DefaultConfig()
	stranger.Servers, stranger.Root = []string{server.Addr}, "/"+t.Name()
	st, err := zk.Open(t.Context(), stranger)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for _, path := range []string{"/tables/presented/head", "/releases/heads/stable"} {
		if _, err := st.Get(t.Context(), path); !errors.Is(err, store.ErrDenied) {
			t.Errorf("a stranger reads %s: %v", path, err)
		}
		if err := st.Multi(t.Context(), store.Delete(path, store.AnyVersion)); !errors.Is(err, store.ErrDenied) {
			t.Errorf("a stranger deletes %s: %v", path, err)
		}
	}
}

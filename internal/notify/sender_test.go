package notify

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zonecast/internal/alarm"
	"zonecast/internal/decision"
)

func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A certificate that nobody vouches for is refused; the token goes along, and stands in no error, nor does the URL.
func TestTLSAndToken(t *testing.T) {
	t.Parallel()
	var got http.Header
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) // takes anything
	defer elsewhere.Close()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		if r.URL.Path == "/elsewhere/secret-path" {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}
	}))
	defer server.Close()
	ca := secretFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	token := secretFile(t, "s3cr3t-token\n")
	n := Notice{Status: Firing, Alarm: alarm.Alarm{Name: alarm.Held, Subject: "presenter:1", Since: 5}}
	r := Receiver{URL: server.URL, TokenFile: token, CA: ca, Headers: map[string]string{"X-Team": "dns"}}
	if answer, err := Try(t.Context(), r, "one", "stable", n); err != nil || !strings.HasPrefix(answer, "200 OK") {
		t.Fatalf("%q, %v", answer, err)
	}
	if got.Get("Authorization") != "Bearer s3cr3t-token" || got.Get("X-Team") != "dns" || got.Get("Content-Type") != "application/json" {
		t.Errorf("%v", got)
	}
	for name, r := range map[string]Receiver{
		"an unknown authority": {URL: server.URL + "/secret-path", TokenFile: token},
		"a redirect":           {URLFile: secretFile(t, server.URL+"/elsewhere/secret-path\n"), TokenFile: token, CA: ca},
		"nobody there":         {URL: "https://127.0.0.1:1/secret-path", TokenFile: token},
	} {
		_, err := Try(t.Context(), r, "one", "stable", n)
		if err == nil {
			t.Errorf("%s: taken", name)
		} else if strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "secret-path") {
			t.Errorf("%s: a secret in %q", name, err)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	token := secretFile(t, "s3cr3t-token")
	for want, r := range map[string]Receiver{
		"either url or url_file":       {},
		"either url or url_file ":      {URL: "http://hooks.example", URLFile: token},
		"http://HOST":                  {URL: "ftp://hooks.example/secret-path"},
		"http://HOST ":                 {URLFile: token},
		"json or alertmanager":         {URL: "http://hooks.example", Format: "xml"},
		"100ms to 1m":                  {URL: "http://hooks.example", Timeout: time.Hour},
		"a token goes over https only": {URL: "http://hooks.example", TokenFile: token},
		"no such file":                 {URLFile: filepath.Join(t.TempDir(), "none")},
	} {
		c := Config{Receivers: map[string]Receiver{"ops": r}}
		err := c.check()
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) || strings.Contains(err.Error(), "secret-path") || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	c := Config{Receivers: map[string]Receiver{"a b": {URL: "http://hooks.example"}}}
	if err := c.check(); err == nil {
		t.Error("a name with a space passed")
	}
	c = Config{Receivers: map[string]Receiver{"ops": {URL: "http://127.0.0.1:9093", TokenFile: token, Format: formatAlertmanager}}}
	if err := c.check(); err != nil || c.Every != 5*time.Second || c.Receivers["ops"].Timeout != 10*time.Second {
		t.Errorf("%+v, %v", c, err)
	}
	r := c.Receivers["ops"]
	if u, err := r.target(); err != nil || u.String() != "http://127.0.0.1:9093/api/v2/alerts" {
		t.Errorf("%v, %v", u, err)
	}
}

func TestAlertmanagerMessage(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_795_000_000, 0)
	a := alarm.Alarm{Name: alarm.Held, Severity: alarm.Warning, Subject: "presenter:1", Text: "two\nlines", Do: "look", Since: now.Unix() - 60}
	env := envelope{sender: "one", stream: "stable", url: "http://192.0.2.1:5380", repeat: time.Minute}
	body, err := env.encode(formatAlertmanager, []Notice{{Firing, a, 0}, {Resolved, a, now.Unix()}, {Event, a, 0}}, now)
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Labels, Annotations map[string]string
		StartsAt, EndsAt    time.Time
	}
	if err := json.Unmarshal(body, &list); err != nil || len(list) != 3 {
		t.Fatalf("%s: %v", body, err)
	}
	for i, ends := range []time.Duration{4 * time.Minute, 0, eventLasts} {
		if got := list[i]; got.EndsAt.Sub(now) != ends || now.Sub(got.StartsAt) != time.Minute || got.Labels["alertname"] != alarm.Held ||
			got.Labels["subject"] != "presenter:1" || got.Annotations["summary"] != "two lines" {
			t.Errorf("%d: %+v", i, got)
		}
	}
}

// A takeover is nobody's alarm; one that was told of already needs no patience.
func TestPatience(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_795_000_000, 0)
	w := watchman{seen: map[string]time.Time{}, since: now.Unix() - 100}
	nobody := alarm.Alarm{Name: alarm.NoLeader, Subject: "presenter"}
	held := alarm.Alarm{Name: alarm.Held, Subject: "presenter:1"}
	count := func(after time.Duration, known bool, alarms ...alarm.Alarm) int {
		return len(w.wanted(alarms, nil, func(string) bool { return known }, now.Add(after)))
	}
	for i, c := range []struct {
		after  time.Duration
		known  bool
		alarms []alarm.Alarm
		want   int
	}{
		{0, false, []alarm.Alarm{nobody, held}, 1},
		{29 * time.Second, false, []alarm.Alarm{nobody, held}, 1},
		{31 * time.Second, false, []alarm.Alarm{nobody, held}, 2},
		{40 * time.Second, false, []alarm.Alarm{held}, 1},
		{50 * time.Second, false, []alarm.Alarm{nobody}, 0}, // anew
		{51 * time.Second, true, []alarm.Alarm{nobody}, 1},
	} {
		if got := count(c.after, c.known, c.alarms...); got != c.want {
			t.Errorf("step %d: %d wanted, want %d", i, got, c.want)
		}
	}
	old := decision.Entry{At: now.Add(-remember - time.Hour).Unix()}
	w.since = 0
	if got := w.wanted(nil, []decision.Entry{old, {At: now.Unix(), ID: "x"}}, func(string) bool { return false }, now); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

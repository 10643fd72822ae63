package notify

import (
	"encoding/json"
	"time"

	"zonecast/internal/alarm"
	"zonecast/internal/service"
)

// What a message says of an alarm.
const (
	Firing   = "firing"
	Resolved = "resolved"
	Event    = "event" // something that was done: it is not resolved
)

// Notice is one alarm on its way to a receiver.
type Notice struct {
	Status string `json:"status"` // firing, resolved or event
	alarm.Alarm
	Ended int64 `json:"ended,omitempty"` // of a resolved one: when that was noticed, Unix seconds
}

// Message is the body of a POST with format json.
type Message struct {
	Sender  string   `json:"sender"` // the instance that sends
	Stream  string   `json:"stream"`
	At      int64    `json:"at"` // Unix seconds
	Notices []Notice `json:"notices"`
}

// maxNotices bounds one POST; what is more goes with the next.
const maxNotices = 100

// eventLasts is how long Alertmanager keeps an event among what is wrong.
const eventLasts = 10 * time.Minute

// envelope is what all messages of a process share.
type envelope struct {
	sender, stream, url string
	repeat              time.Duration
}

// encode makes the body of a POST.
func (e envelope) encode(format string, notices []Notice, now time.Time) ([]byte, error) {
	for i := range notices {
		notices[i].Text, notices[i].Do = service.OneLine(notices[i].Text), service.OneLine(notices[i].Do)
	}
	if format == formatJSON {
		return json.Marshal(Message{Sender: e.sender, Stream: e.stream, At: now.Unix(), Notices: notices})
	}
	type alert struct {
		Labels       map[string]string `json:"labels"`
		Annotations  map[string]string `json:"annotations"`
		StartsAt     string            `json:"startsAt"`
		EndsAt       string            `json:"endsAt"`
		GeneratorURL string            `json:"generatorURL,omitempty"`
	}
	list := make([]alert, len(notices))
	for i, n := range notices {
		ends := now.Add(4 * e.repeat) // unless it is told again
		switch n.Status {
		case Resolved:
			ends = now
		case Event:
			ends = now.Add(eventLasts)
		}
		list[i] = alert{
			Labels:      map[string]string{"alertname": n.Name, "severity": n.Severity, "service": "zonecast", "stream": e.stream},
			Annotations: map[string]string{"summary": n.Text, "description": n.Do, "runbook_url": "README.md#alerting"},
			StartsAt:    rfc3339(time.Unix(min(n.Since, ends.Unix()), 0)), EndsAt: rfc3339(ends), GeneratorURL: e.url,
		}
		if n.Subject != "" {
			list[i].Labels["subject"] = n.Subject
		}
	}
	return json.Marshal(list)
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

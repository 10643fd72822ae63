package main

import (
	"errors"
	"net/http"
	"strings"

	"zonecast/internal/leader"
	"zonecast/internal/service"
)

// pointElsewhere answers, for the stages that this process does not run, what only they can do, as a standby of theirs
// would: 503 with the leader's address, where commands then go by themselves.
func (p *process) pointElsewhere(here []stage) {
	absent := map[string]string{"rules": "rules." + p.cfg.Rules.Source, "presenter": "presenter", "publisher": "publisher"}
	for _, s := range here {
		delete(absent, stageName(s))
	}
	for _, e := range []struct{ stage, endpoint string }{
		{"rules", "POST /v1/events"}, {"rules", "PUT /v1/feeds/{name}"}, {"rules", "PUT /v1/rules"}, {"rules", "PUT /v1/inventory"},
		{"presenter", "PUT /v1/zones"},
		{"publisher", "POST /v1/epoch"}, {"publisher", "POST /v1/rollback"}, {"publisher", "POST /v1/resume"},
	} {
		if name, ok := absent[e.stage]; ok {
			p.host.Mux.HandleFunc(e.endpoint, p.host.Guard(func(w http.ResponseWriter, r *http.Request) { p.elsewhere(w, r, name) }))
		}
	}
	for _, e := range []struct{ stage, endpoint string }{{"publisher", "GET /v1/gates"},
		{"rules", "POST /v1/rules/plan"}, {"presenter", "POST /v1/zones/plan"}} {
		if name, ok := absent[e.stage]; ok {
			p.host.Mux.HandleFunc(e.endpoint, p.host.Question(func(w http.ResponseWriter, r *http.Request) { p.elsewhere(w, r, name) }))
		}
	}
	// A stage's own endpoint is more specific and goes before.
	p.host.Mux.HandleFunc("POST /v1/stages/{owner}/held/{id}/release", p.host.Guard(func(w http.ResponseWriter, r *http.Request) {
		p.elsewhere(w, r, r.PathValue("owner"))
	}))
}

func (p *process) elsewhere(w http.ResponseWriter, r *http.Request, name string) {
	leader.Elsewhere(w, r, p.store, p.host, name, "does not run in this process")
}

// storeless answers what a process without a store cannot.
func (p *process) storeless(w http.ResponseWriter, _ *http.Request) {
	text := "this proxy has no store to answer from: ask a process of the pipeline"
	if urls := p.cfg.LocalProxy.URLs; len(urls) > 0 {
		text += ", such as " + strings.Join(urls, ", ")
	}
	service.Fail(w, http.StatusNotFound, errors.New(text))
}

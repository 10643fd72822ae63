package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"zonecast/internal/api"
	"zonecast/internal/plan"
	"zonecast/publisher"
)

// livePlan asks a running pipeline what a change would do.
type livePlan struct {
	c      *client
	said   func(string)
	loads  map[string]api.LoadLine
	gates  publisher.Now
	status pipelineStatus
}

// begin asks for what everything else is compared with.
func (l *livePlan) begin(ctx context.Context) error {
	if err := l.look(ctx); err != nil {
		return err
	}
	if err := l.c.get(ctx, "/v1/status", nil, &l.status); err != nil {
		return err
	}
	if err := l.c.get(ctx, "/v1/gates", nil, &l.gates); err != nil {
		return fmt.Errorf("what the gates compare with: %w", err)
	}
	return nil
}

// look asks what is loaded.
func (l *livePlan) look(ctx context.Context) error {
	l.loads = nil
	return l.c.get(ctx, "/v1/loads", url.Values{"files": {"1"}}, &l.loads)
}

func (l *livePlan) version() uint64 {
	version, _ := strconv.ParseUint(l.status.Head["version"], 10, 64) // 0 before the first release
	return version
}

// loadedRules are the rules that a plan of zone files alone rests on: where they are the same at the push, what comes out
// otherwise is the inventory's doing.
func (l *livePlan) loadedRules(source string) *plan.Files {
	now := l.loads["rules."+source]
	f := &plan.Files{Source: source, Commit: now.Commit, Loaded: now.Commit, Before: now.Files, After: map[string]string{}}
	if f.Before == nil {
		f.Before = map[string]string{}
	}
	return f
}

// otherRules are the rules of the other sources: a plan rests on them too.
func (l *livePlan) otherRules(source string) map[string]string {
	others := map[string]string{}
	for table, load := range l.loads {
		if other, ok := strings.CutPrefix(table, "rules."); ok && other != source && len(load.Files) > 0 {
			others[other] = plan.Fingerprint(load.Files)
		}
	}
	return others
}

// rules asks what a folder of rules would give for the live inventory.
func (l *livePlan) rules(ctx context.Context, source string, f *folder) (end plan.End, list []plan.Generated, err error) {
	end, err = l.ask(ctx, "/v1/rules/plan?source="+url.QueryEscape(source), "rules."+source, f, nil, func(begin bool, line plan.Line) {
		if begin {
			list = nil
		}
		if line.Generated != nil {
			list = append(list, *line.Generated)
		}
	})
	return end, list, err
}

// zones asks what would be served: with a folder of zone files, or with those that are loaded.
func (l *livePlan) zones(ctx context.Context, f *folder, generated []plan.Generated) (end plan.End, changes []plan.Change, err error) {
	end, err = l.ask(ctx, "/v1/zones/plan", "zones", f, generated, func(begin bool, line plan.Line) {
		if begin {
			changes = nil
		}
		if line.Change != nil {
			changes = append(changes, *line.Change)
		}
	})
	return end, changes, err
}

// ask sends a question and reads the answer. Files that are loaded as they are go without their texts; when somebody
// loaded others meanwhile it looks again, three times at most.
func (l *livePlan) ask(ctx context.Context, path, table string, f *folder, generated []plan.Generated, each func(begin bool, line plan.Line)) (end plan.End, err error) {
	for range 3 {
		end, err = l.askOnce(ctx, path, planAsk(f, l.loads[table].Files, generated), each)
		var no *apiError
		if !errors.As(err, &no) || no.Status != http.StatusConflict {
			return end, err
		}
		if again := l.look(ctx); again != nil {
			return end, again
		}
	}
	return end, err
}

// planAsk is the folder as it is asked about; nil asks about what is loaded.
func planAsk(f *folder, loaded map[string]string, generated []plan.Generated) plan.Ask {
	if f == nil {
		return plan.Ask{Loaded: true, Generated: generated}
	}
	q := plan.Ask{Commit: f.Commit, Prefix: f.Prefix, Author: f.Author, Generated: generated, Files: make([]plan.File, len(f.Files))}
	for i, file := range f.Files {
		q.Files[i] = plan.File{Path: file.Path, SHA256: f.hashes[file.Path]}
		if loaded[file.Path] != q.Files[i].SHA256 {
			q.Files[i].Data = file.Data
		}
	}
	return q
}

func (l *livePlan) askOnce(ctx context.Context, path string, q plan.Ask, each func(begin bool, line plan.Line)) (end plan.End, err error) {
	data, err := json.Marshal(q)
	if err != nil {
		return end, err
	}
	body, err := l.c.do(ctx, http.MethodPost, path, data)
	if err != nil {
		return end, err
	}
	defer body.Close()
	each(true, plan.Line{})
	lines := bufio.NewReaderSize(body, 1<<16)
	for {
		batch, end, err := readLines(lines)
		for _, line := range batch {
			each(false, line)
		}
		if end != nil || err != nil {
			return *cmp.Or(end, &plan.End{}), err
		}
	}
}

// linesAtOnce is how many lines of an answer are decoded at once, on all cores.
const linesAtOnce = 2000

var errCut = errors.New("the answer was cut")

// readLines reads the next lines of an answer, and its end when that is among them.
func readLines(r *bufio.Reader) (batch []plan.Line, end *plan.End, err error) {
	var texts [][]byte
	for len(texts) < linesAtOnce && err == nil {
		var text []byte
		if text, err = r.ReadBytes('\n'); err == nil {
			texts = append(texts, text)
		}
	}
	batch = make([]plan.Line, len(texts))
	var decode errgroup.Group
	workers := min(runtime.GOMAXPROCS(0), 8)
	for w := range workers {
		decode.Go(func() error {
			for i := w; i < len(texts); i += workers {
				if err := json.Unmarshal(texts[i], &batch[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if bad := decode.Wait(); bad != nil {
		return nil, nil, fmt.Errorf("unexpected answer: %w", bad)
	}
	if n := len(batch); n > 0 && batch[n-1].End != nil {
		return batch[:n-1], batch[n-1].End, nil
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", errCut, err)
	}
	return batch, nil, err
}

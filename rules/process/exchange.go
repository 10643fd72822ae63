package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"zonecast/internal/service"
	"zonecast/rules/maker"
)

// request is a line to the program.
type request struct {
	ID     uint64            `json:"id"`
	Module string            `json:"module"`
	Entity maker.Entity      `json:"entity"`
	Vars   map[string]string `json:"vars,omitempty"`
}

// answer is a line from it.
type answer struct {
	ID      uint64          `json:"id"`
	Records json.RawMessage `json:"records"`
	Error   string          `json:"error"`
}

var errTimeout = errors.New("no answer in time")

// exchange writes the requests and takes the answers, all under way together. With an error the program is of no use any
// more: the oldest open request is blamed, the others are as if they had not been asked.
func (c *child) exchange(ctx context.Context, list []maker.Request, answers []maker.Answer, timeout time.Duration) error {
	first := c.seq + 1
	c.seq += uint64(len(list))
	wrote := make(chan error, 1)
	go func() { wrote <- writeAll(c.stdin, first, list) }()
	err := c.collect(ctx, first, answers, timeout)
	if err != nil {
		c.kill() // so that a blocked write ends
		blame := true
		for i := range answers {
			if answers[i].Records != nil || answers[i].Err != nil {
				continue
			}
			answers[i].Err = fmt.Errorf("%w: %w", maker.ErrUnanswered, err)
			if blame && ctx.Err() == nil {
				answers[i].Err, blame = fmt.Errorf("%w: %w", maker.ErrBlamed, err), false
			}
		}
	}
	<-wrote // a failure of it shows as an answer that does not come
	return err
}

func writeAll(w io.Writer, first uint64, list []maker.Request) error {
	const flushAt = 32 << 10
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for i, r := range list {
		if err := enc.Encode(request{first + uint64(i), r.Module, r.Entity, r.Entity.Vars}); err != nil {
			return err
		}
		if b.Len() < flushAt && i < len(list)-1 {
			continue
		}
		if _, err := w.Write(b.Bytes()); err != nil {
			return err
		}
		b.Reset()
	}
	return nil
}

// collect takes a line for each request. The time counts from the last line that came: a long list takes its time.
func (c *child) collect(ctx context.Context, first uint64, answers []maker.Answer, timeout time.Duration) error {
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	for left := len(answers); left > 0; left-- {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.C:
			return fmt.Errorf("%w: %s", errTimeout, timeout)
		case line, ok := <-c.lines:
			if !ok {
				return c.ended()
			}
			limit.Reset(timeout)
			if err := place(line, first, answers); err != nil {
				return err
			}
		}
	}
	return nil
}

// place puts an answer where it belongs. An error says that the program does not keep to the protocol.
func place(line []byte, first uint64, answers []maker.Answer) error {
	var a answer
	if err := strict(line, &a); err != nil {
		return fmt.Errorf("not an answer: %w: %s", err, quote(line))
	}
	i := a.ID - first
	if i >= uint64(len(answers)) || answers[i].Records != nil || answers[i].Err != nil {
		return fmt.Errorf("an answer to nothing that was asked: %s", quote(line))
	}
	if (a.Records == nil) == (a.Error == "") {
		return fmt.Errorf("an answer has either records or an error: %s", quote(line))
	}
	if a.Error != "" {
		answers[i].Err = fmt.Errorf("process-error: %s", service.OneLine(a.Error))
		return nil
	}
	records := []maker.Record{}
	if err := strict(a.Records, &records); err != nil || records == nil {
		answers[i].Err = fmt.Errorf("process-error: records: %w", errors.Join(err, nullRecords(records)))
		return nil
	}
	answers[i].Records = records
	return nil
}

func nullRecords(records []maker.Record) error {
	if records == nil {
		return errors.New("null is no list: none are []")
	}
	return nil
}

// strict refuses misspelt keys: they would read as nothing, and nothing deletes.
func strict(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("more than one value")
	}
	return nil
}

package inventory

import (
	"errors"
	"fmt"
	"time"
)

// Op says what an event does.
type Op string

// The operations.
const (
	Put    Op = "put"
	Delete Op = "delete"
	Alive  Op = "alive"
)

// Event is one change of an entity, or a sign of life of a feed.
type Event struct {
	Op       Op
	Kind, ID string
	Rev      uint64
	Numbered bool           // the event came with a rev
	Reborn   bool           // a put that starts the id afresh, whatever revisions it had
	Attrs    map[string]any // of a put; never nil there
	Raw      []byte         // Attrs, canonical
	AsOf     time.Time      // of an alive; zero: when it arrives
}

// Key names the event's entity.
func (e *Event) Key() string { return Key(e.Kind, e.ID) }

// ParseEvent reads one line of NDJSON.
func ParseEvent(line []byte) (Event, error) {
	fields, err := parseObject(line)
	if err != nil {
		return Event{}, err
	}
	return eventOf(fields, "", false)
}

func parseObject(text []byte) (map[string]any, error) {
	if len(text) > MaxLine {
		return nil, fmt.Errorf("longer than %d octets", MaxLine)
	}
	v, err := ParseJSON(text)
	if err != nil {
		return nil, err
	}
	fields, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("not an object")
	}
	return fields, nil
}

// eventOf builds an event from an object's fields. In a full list op may be left out (put), and kind if the list has one.
func eventOf(fields map[string]any, kind string, listed bool) (e Event, err error) {
	if listed {
		e.Op, e.Kind = Put, kind
	}
	for key, v := range fields {
		switch key {
		case "op":
			var op string
			op, err = asText(key, v)
			e.Op = Op(op)
		case "kind":
			e.Kind, err = asText(key, v)
		case "id":
			e.ID, err = asText(key, v)
		case "rev":
			n, ok := v.(int)
			if !ok || n < 0 {
				err = errors.New("rev must be an integer from 0 to 2^63-1")
			}
			e.Rev, e.Numbered = uint64(n), true
		case "attrs":
			var ok bool
			if e.Attrs, ok = v.(map[string]any); !ok {
				err = errors.New("attrs must be an object")
			}
		case "reborn":
			var ok bool
			if e.Reborn, ok = v.(bool); !ok {
				err = errors.New("reborn must be true or false")
			}
		case "as_of":
			var text string
			if text, err = asText(key, v); err == nil {
				if e.AsOf, err = time.Parse(time.RFC3339Nano, text); err != nil {
					err = fmt.Errorf("as_of %.100q is no RFC 3339 time", text)
				}
			}
		default:
			err = fmt.Errorf("unknown key %.100q: op, kind, id, rev, attrs, reborn and as_of are known", key)
		}
		if err != nil {
			return named(fields), err
		}
	}
	if err := e.complete(); err != nil {
		return named(fields), err
	}
	return e, nil
}

// named keeps what identifies a faulty item: a list that names an entity does not say that it is gone.
func named(fields map[string]any) (e Event) {
	e.Kind, _ = fields["kind"].(string)
	e.ID, _ = fields["id"].(string)
	return e
}

func asText(key string, v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s must be a text", key)
	}
	return s, nil
}

func (e *Event) complete() (err error) {
	switch e.Op {
	case Alive:
		if e.Kind != "" || e.ID != "" || e.Numbered || e.Attrs != nil || e.Reborn {
			return errors.New("alive takes as_of alone")
		}
		return nil
	case Put, Delete:
	case "":
		return errors.New("op is missing: put, delete or alive")
	default:
		return fmt.Errorf("unknown op %.100q: put, delete or alive", string(e.Op))
	}
	if err = checkKind(e.Kind); err != nil {
		return err
	}
	if err = checkID(e.ID); err != nil {
		return err
	}
	if !e.AsOf.IsZero() {
		return errors.New("as_of belongs to alive")
	}
	if e.Op == Delete {
		if e.Attrs != nil || e.Reborn {
			return errors.New("delete takes no attrs and no reborn")
		}
		return nil
	}
	if e.Attrs == nil {
		return errors.New("attrs is missing: a put replaces all attributes")
	}
	e.Raw, err = Canonical(e.Attrs)
	return err
}

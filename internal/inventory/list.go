package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// List is a full list: everything that a feed has. What is not in it, and complete, is gone.
type List struct {
	Items    []Item
	Complete bool // every item could be identified; else nothing may be concluded from an absence (P2)
}

// Item is one entity of a list, or what is wrong with it. A faulty item has Kind and ID if they could be read.
type Item struct {
	Line  int // of the text (NDJSON, YAML), or the number of the item (JSON); from 1
	Event Event
	Err   error
}

// Format of a list's text.
type Format string

// The formats. Every one has the items {kind, id, rev, attrs}; JSON and YAML are a list of them, or an object
// {kind: server, entities: [...]} whose kind is for items without one. NDJSON is one item a line.
const (
	JSON   Format = "json"
	YAML   Format = "yaml"
	NDJSON Format = "ndjson"
)

// FormatOfFile tells the format by a file's name.
func FormatOfFile(name string) (Format, error) {
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		return JSON, nil
	case ".yaml", ".yml":
		return YAML, nil
	case ".ndjson", ".jsonl":
		return NDJSON, nil
	}
	return "", fmt.Errorf("%s: an inventory file ends in .yaml, .yml, .json, .ndjson or .jsonl", name)
}

// FormatOf tells the format of a text by its Content-Type, or, when that says nothing, by its beginning.
func FormatOf(contentType string, text []byte) Format {
	switch media, _, _ := strings.Cut(strings.ToLower(contentType), ";"); {
	case strings.Contains(media, "ndjson"), strings.Contains(media, "jsonl"):
		return NDJSON
	case strings.Contains(media, "yaml"):
		return YAML
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return NDJSON
	}
	switch text[0] {
	case '[':
		return JSON
	case '{':
		first, _, _ := bytes.Cut(text, []byte("\n"))
		fields, err := parseObject(first)
		if _, list := fields["entities"]; err != nil || list {
			return JSON
		}
		return NDJSON
	}
	return YAML
}

// ParseList reads a full list. An error means that the list as a whole is unreadable: nothing is known then. Zero
// octets are no list in any format (a writer that died looks like that); an empty list is [].
func ParseList(format Format, text []byte) (List, error) {
	if len(text) > MaxList {
		return List{}, fmt.Errorf("list is larger than %d MiB", MaxList>>20)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return List{}, errors.New("the list has no text; an empty list is []")
	}
	switch format {
	case NDJSON:
		if string(bytes.TrimSpace(text)) == "[]" {
			return List{Complete: true}, nil
		}
		return parseNDJSON(text)
	case JSON:
		v, err := ParseJSON(text)
		if err != nil {
			return List{}, err
		}
		return listOf(v, nil)
	case YAML:
		v, lines, err := parseYAML(text)
		if err != nil {
			return List{}, err
		}
		return listOf(v, lines)
	}
	return List{}, fmt.Errorf("unknown list format %q", format)
}

func parseNDJSON(text []byte) (List, error) {
	l := List{Complete: true}
	for lines := NewLines(bytes.NewReader(text)); ; {
		line, number, err := lines.Next()
		if err == io.EOF {
			return l, nil
		}
		var e Event
		if err == nil {
			var fields map[string]any
			if fields, err = parseObject(line); err == nil {
				e, err = eventOf(fields, "", true)
			}
		}
		l.add(number, e, err)
		if len(l.Items) > MaxItems {
			return l, errItems
		}
	}
}

var errItems = fmt.Errorf("more than %d items", MaxItems)

// listOf takes a parsed document; lines, if known, are the items' lines.
func listOf(v any, lines []int) (List, error) {
	kind := ""
	if doc, ok := v.(map[string]any); ok {
		for key, value := range doc {
			switch key {
			case "entities":
				v = value
			case "kind":
				if kind, ok = value.(string); !ok {
					return List{}, errors.New("kind must be a text")
				}
			default:
				return List{}, fmt.Errorf("unknown key %.100q: a list is [...] or {kind: ..., entities: [...]}", key)
			}
		}
	}
	items, ok := v.([]any)
	if !ok {
		return List{}, errors.New("not a list: want [...] or {kind: ..., entities: [...]}")
	}
	if len(items) > MaxItems {
		return List{}, errItems
	}
	l := List{Complete: true}
	for i, item := range items {
		line := i + 1
		if i < len(lines) {
			line = lines[i]
		}
		fields, ok := item.(map[string]any)
		if !ok {
			l.add(line, Event{}, errors.New("not an object"))
			continue
		}
		e, err := eventOf(fields, kind, true)
		if err != nil && e.Kind == "" {
			e.Kind = kind
		}
		l.add(line, e, err)
	}
	return l, nil
}

// add keeps an item. A list is no log: a delete takes its entity out of what came before, an alive says nothing.
func (l *List) add(line int, e Event, err error) {
	if err != nil && (checkKind(e.Kind) != nil || checkID(e.ID) != nil) {
		l.Complete = false
	}
	l.Items = append(l.Items, Item{Line: line, Event: e, Err: err})
}

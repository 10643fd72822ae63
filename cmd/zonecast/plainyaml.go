package main

import (
	"regexp"
	"strings"
)

var (
	unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+`)
	wrongType  = regexp.MustCompile("cannot unmarshal !!(\\S+)(?: (`[^`]*`))? into (\\S+)")
)

// plainYAML says what is wrong with the file without the names of Go's types.
func plainYAML(err error) string {
	text := strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: unmarshal errors:")), " ")
	text = unknownKey.ReplaceAllString(text, `unknown key "$1" (docs/config.md lists them)`)
	return wrongType.ReplaceAllStringFunc(text, func(s string) string {
		part := wrongType.FindStringSubmatch(s)
		is := part[2]
		switch {
		case is != "":
		case part[1] == "map":
			is = "a mapping"
		case part[1] == "seq":
			is = "a list"
		default:
			is = part[1]
		}
		return is + " where " + wanted(part[3]) + " is wanted (docs/config.md)"
	})
}

// wanted is a Go type as people write it in YAML.
func wanted(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list [a, b]"
	case goType == "time.Duration":
		return "a time such as 10s"
	case goType == "string":
		return "a text"
	case goType == "bool":
		return "true or false"
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "uint"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	}
	return "a mapping of keys to values" // structs and maps
}

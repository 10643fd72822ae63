package masterfile

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxQuoted octets of what stands in a file are repeated in a problem: an entry may have a million (P9).
const maxQuoted = 120

// What miekg/dns says in words that tell how it reads, not what is wrong.
var (
	notAWord  = regexp.MustCompile(`^(?:not a TTL|expecting RR type or class, not this\.\.\.|expecting RR type, not this\.\.\.): "`)
	lineEnd   = regexp.MustCompile(`^(?:unexpected newline|(.*)): "\\n"$`)
	typeTwice = regexp.MustCompile(`^bad (\S+) (\S+): `)
)

// inWords says what miekg/dns found wrong in an entry in words of who wrote it; whole is that the words stand for the whole entry, not for one
// place in it.
func inWords(said string, entry []byte) (text string, whole bool) {
	var s splitter
	for _, c := range entry {
		if s.ends(c) {
			break
		}
	}
	switch {
	case s.quote:
		return "a quote is not closed", true
	case s.depth > 0:
		return "a parenthesis is not closed", true
	}
	if m := lineEnd.FindStringSubmatch(said); m != nil {
		if m[1] == "" {
			return "the entry ends too early", false
		}
		return "the entry ends too early: " + m[1], false
	}
	if at := notAWord.FindStringIndex(said); at != nil {
		if word, ok := unknownDirective(entry); ok {
			return word + " is no directive ($ORIGIN, $TTL, $INCLUDE, $GENERATE)", true
		}
		return "neither type, class nor TTL: " + cut(said[at[1]-1:]), false
	}
	if m := typeTwice.FindStringSubmatch(said); m != nil && strings.EqualFold(m[1], m[2]) {
		said = "bad " + m[1] + said[len(m[0])-len(": "):]
	}
	return cut(said), false
}

// unknownDirective gives the first word of an entry where it looks like a directive and is none.
func unknownDirective(entry []byte) (string, bool) {
	word := string(entry[:min(len(entry), maxQuoted)])
	if i := strings.IndexAny(word, " \t\r\n"); i >= 0 {
		word = word[:i]
	}
	switch strings.ToUpper(word) {
	case "$ORIGIN", "$TTL", "$INCLUDE", "$GENERATE":
		return "", false
	}
	return word, strings.HasPrefix(word, "$")
}

// cut shortens what repeats much of a file.
func cut(s string) string {
	if len(s) <= 2*maxQuoted {
		return s
	}
	n := maxQuoted
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

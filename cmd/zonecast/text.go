package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// printLine prints one object on one line (NDJSON).
func printLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// unixText prints a time that came as text of Unix seconds.
func unixText(seconds string) string {
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return seconds
	}
	return when(n)
}

// count is "1 error" or "2 errors".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

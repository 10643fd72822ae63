package checkout

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// maxAges bounds how many lines git is asked about: each is a process.
const maxAges = 500

// Ages tells since when lines of a folder's files are what they are.
type Ages struct {
	dir  string
	left int
}

// NewAges asks git about a folder. Outside git, and past 500 lines, nothing is known.
func NewAges(dir string) *Ages { return &Ages{dir: dir, left: maxAges} }

// Line gives when a line, from 1, of a file in the folder was written, Unix seconds, by whom, and in which commit; zero and "" where it is
// not committed yet or not known.
func (a *Ages) Line(ctx context.Context, path string, line int) (at int64, author, commit string) {
	if a.left == 0 || line < 1 {
		return 0, "", ""
	}
	a.left--
	out, err := git(ctx, a.dir, "blame", "--porcelain", "-L", fmt.Sprintf("%d,%d", line, line), "--", path)
	if err != nil {
		return 0, "", ""
	}
	commit, _, _ = strings.Cut(out, " ")
	if strings.Trim(commit, "0") == "" {
		return 0, "", "" // not committed
	}
	for l := range strings.Lines(out) {
		l = strings.TrimSpace(l)
		if text, ok := strings.CutPrefix(l, "author-time "); ok {
			at, _ = strconv.ParseInt(text, 10, 64)
		}
		if text, ok := strings.CutPrefix(l, "author-mail "); ok {
			author = strings.Trim(text, "<>")
		}
	}
	return at, author, commit
}

package checkout

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"zonecast/internal/plan"
)

// repo is the git work tree that a folder is part of. The git program itself is asked: it alone knows about
// worktrees, filters and ignored files. Without it a folder is identified by its content.
type repo struct {
	dir, prefix, head string
}

func openGit(ctx context.Context, dir string) (repo, bool) {
	out, err := git(ctx, dir, "rev-parse", "--show-prefix", "HEAD")
	prefix, head, ok := strings.Cut(out, "\n")
	if err != nil || !ok || head == "" {
		return repo{}, false
	}
	return repo{dir: dir, prefix: prefix, head: head}, true
}

// Shown is a file's path inside its repository, for people and for what reads reports; outside git it stays as it is.
func Shown(ctx context.Context, file string) string {
	prefix, err := git(ctx, filepath.Dir(file), "rev-parse", "--show-prefix")
	if err != nil {
		return file
	}
	return prefix + filepath.Base(file)
}

// clean tells whether the folder is tracked and exactly as in HEAD, ignored files aside.
func (r repo) clean(ctx context.Context) bool {
	tracked, err := git(ctx, r.dir, "ls-tree", "--name-only", "HEAD", ".")
	if err != nil || (tracked == "" && r.prefix != "") {
		return false
	}
	out, err := git(ctx, r.dir, "status", "--porcelain", "--untracked-files=all", "--ignored=matching", "--", ".")
	return err == nil && out == ""
}

// author gives who wrote the last commit that changed the folder; a merge that took it as it was is not one.
func (r repo) author(ctx context.Context) string {
	out, err := git(ctx, r.dir, "log", "-1", "--format=%ae", r.head, "--", ".")
	if err != nil || len(out) > MaxAuthor || strings.ContainsFunc(out, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return ""
	}
	return out
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir, "--no-optional-locks"}, args...)...)
	out, err := cmd.Output()
	return strings.TrimSuffix(string(out), "\n"), err
}

// Push is what a loader sends: a set, and how it stands to what was loaded before.
type Push struct {
	Set
	Base     string `json:"base"`     // commit that was loaded when the sender looked; the receiver refuses the push if another is now
	Descends bool   `json:"descends"` // whether the set comes after what was loaded, as far as git can tell
	// Plan is the effect that was approved: the push loads only when it is that. nil: nothing was said.
	Plan *plan.Plan `json:"plan,omitempty"`
}

// Compare makes the Push of a set for a table that has commit base loaded, at whose load HEAD was at baseHead
// ("" when unknown). It descends if nothing was loaded yet, if either side knows no git, or if baseHead is Head or
// an ancestor of it in dir's repository. A clone that does not know baseHead (older, or too shallow) does not.
func Compare(ctx context.Context, dir string, s Set, base, baseHead string) Push {
	p := Push{Set: s, Base: base}
	switch {
	case base == "" || base == s.Commit || baseHead == "" || s.Head == "" || baseHead == s.Head:
		p.Descends = true
	default:
		_, err := git(ctx, dir, "merge-base", "--is-ancestor", baseHead, s.Head)
		p.Descends = err == nil
	}
	return p
}

package checkout

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ReadRevision reads a folder as it is in a revision of its git repository ("main", "HEAD~2", "v1.4"), as Read reads it on
// disk. The work tree is not touched. A folder that the revision does not have is an empty set. Symbolic links are
// refused: where they lead is a matter of the work tree.
func ReadRevision(ctx context.Context, dir, revision string) (Set, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Set{}, err
	}
	repo, ok := openGit(ctx, dir)
	if !ok {
		return Set{}, fmt.Errorf("%s is in no git repository, or git is not installed", dir)
	}
	commit, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil || commit == "" {
		return Set{}, fmt.Errorf("git knows no revision %q here: in CI, fetch the whole history", revision)
	}
	s := Set{Commit: commit, Head: commit, Prefix: repo.prefix}
	out, err := git(ctx, dir, "ls-tree", "-r", "-z", "--end-of-options", commit, ".")
	if err != nil {
		return Set{}, fmt.Errorf("git ls-tree %s: %w", commit, err)
	}
	var objects []string
	for entry := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		facts, name, ok := strings.Cut(entry, "\t")
		fields := strings.Fields(facts) // mode, type, object
		if !ok || len(fields) != 3 || hidden(name) || !wanted(name) {
			continue
		}
		if fields[1] != "blob" || strings.HasPrefix(fields[0], "12") {
			return Set{}, fmt.Errorf("%s of %s is no regular file", name, revision)
		}
		if s.Files = append(s.Files, File{Path: name}); len(s.Files) > MaxFiles {
			return Set{}, fmt.Errorf("%s has more than %d files", revision, MaxFiles)
		}
		objects = append(objects, fields[2])
	}
	if err := readObjects(ctx, dir, objects, s.Files); err != nil {
		return Set{}, fmt.Errorf("%s: %w", revision, err)
	}
	slices.SortFunc(s.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return s, nil
}

// hidden tells whether a file, or a folder it is in, is passed over. A .yaml in a folder is not: octoDNS calls the file of the zone itself so, where a zone
// has a file for each name.
func hidden(name string) bool {
	if folder, ok := strings.CutSuffix(name, "/.yaml"); ok {
		name = folder
	}
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}

// readObjects reads the texts of blobs by one git for all of them.
func readObjects(ctx context.Context, dir string, objects []string, into []File) error {
	if len(objects) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", "-C", dir, "--no-optional-locks", "cat-file", "--batch")
	cmd.Stdin = strings.NewReader(strings.Join(objects, "\n") + "\n")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = readBatch(bufio.NewReaderSize(out, 1<<16), into)
	if err != nil {
		cancel()
	}
	return errors.Join(err, cmd.Wait())
}

// readBatch reads what `git cat-file --batch` prints: "<object> blob <size>", the text and a line end for each.
func readBatch(r *bufio.Reader, into []File) error {
	total := 0
	for i := range into {
		head, err := r.ReadString('\n')
		if err != nil {
			return fmt.Errorf("%s: %w", into[i].Path, err)
		}
		fields := strings.Fields(head)
		if len(fields) != 3 || fields[1] != "blob" {
			return fmt.Errorf("%s: git says %q", into[i].Path, strings.TrimSpace(head))
		}
		size, err := strconv.Atoi(fields[2])
		switch total += size; {
		case err != nil || size < 0:
			return fmt.Errorf("%s: git says %q", into[i].Path, strings.TrimSpace(head))
		case size > MaxFile:
			return fmt.Errorf("%s is larger than %d MiB", into[i].Path, MaxFile>>20)
		case total > MaxTotal:
			return fmt.Errorf("the files are larger than %d MiB together", MaxTotal>>20)
		}
		var text bytes.Buffer
		if _, err := io.CopyN(&text, r, int64(size)); err != nil {
			return fmt.Errorf("%s: %w", into[i].Path, err)
		}
		if _, err := r.Discard(1); err != nil {
			return fmt.Errorf("%s: %w", into[i].Path, err)
		}
		into[i].Data = text.Bytes()
	}
	return nil
}

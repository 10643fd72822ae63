package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// viewer shows a status once, or again and again.
type viewer struct {
	out  io.Writer
	json bool
	ask  func(context.Context) (pipelineStatus, error)
}

func (v viewer) show(s pipelineStatus) error {
	if v.json {
		return printJSON(v.out, s)
	}
	width, _, terminal := terminalSize(v.out)
	_, err := io.WriteString(v.out, screenOf(time.Now(), width, terminal).render(s))
	return err
}

// watch draws over the last picture on a terminal, and appends pictures elsewhere. What cannot be asked is shown in
// the picture's place: it may come back.
func (v viewer) watch(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for first := true; ; first = false {
		asking, cancel := context.WithTimeout(ctx, max(every, 10*time.Second))
		s, err := v.ask(asking)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if err := v.frame(s, err, first); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (v viewer) frame(s pipelineStatus, asked error, first bool) error {
	now := time.Now()
	width, height, terminal := terminalSize(v.out)
	var text string
	switch {
	case v.json && asked != nil:
		return printLine(v.out, map[string]string{"error": asked.Error()})
	case v.json:
		return printLine(v.out, s)
	case asked != nil:
		text = asked.Error() + "\n"
	default:
		text = screenOf(now, width, terminal).render(s)
	}
	text = now.UTC().Format(time.RFC3339) + "\n" + text
	if terminal {
		text = inPlace(text, height, first)
	} else if !first {
		text = "\n" + text
	}
	_, err := io.WriteString(v.out, text)
	return err
}

// inPlace makes a picture that is drawn over the one before: cursor home, each line erased to its end, and what is
// below. What does not fit the terminal is left out, for it would scroll.
func inPlace(text string, height int, first bool) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if height > 2 && len(lines) >= height {
		more := len(lines) - height + 2
		lines = append(lines[:height-2:height-2], fmt.Sprintf("… %d more lines", more))
	}
	start := "\x1b[H"
	if first {
		start = "\x1b[2J\x1b[H"
	}
	return start + strings.Join(lines, "\x1b[K\n") + "\x1b[K\n\x1b[J"
}

// terminalSize tells whether w is a terminal, and how large; 0 is any.
func terminalSize(w io.Writer) (width, height int, terminal bool) {
	f, ok := w.(*os.File)
	if !ok {
		return 0, 0, false
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0, false
	}
	return int(size.Col), int(size.Row), true
}

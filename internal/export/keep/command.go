package keep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Command makes a Reload of a command line: words parted by spaces, single or double quotes around those that have some.
// No shell reads it. It ends after timeout, with all that it started; what it prints is in the error if it fails.
func Command(line string, timeout time.Duration) (func(context.Context) error, error) {
	words, err := split(line)
	if err != nil {
		return nil, err
	}
	if len(words) == 0 {
		return nil, errors.New("an empty command")
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		cmd := exec.CommandContext(ctx, words[0], words[1:]...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
		cmd.WaitDelay = time.Second
		var said tail
		cmd.Stdout, cmd.Stderr = &said, &said
		err := cmd.Run()
		switch {
		case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
			return fmt.Errorf("%s: no end after %v", words[0], timeout)
		case err != nil:
			return fmt.Errorf("%s: %w: %s", words[0], err, bytes.TrimSpace(said.octets))
		}
		return nil
	}, nil
}

// split parts a command line into words.
func split(line string) (words []string, err error) {
	var word strings.Builder
	quote, in := rune(0), false
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, in = c, true
		case c == ' ' || c == '\t':
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
		default:
			word.WriteRune(c)
			in = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("%q: a quotation mark without its other half", line)
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}

// tail keeps the last octets of what is written.
type tail struct{ octets []byte }

const tailSize = 2048

func (t *tail) Write(p []byte) (int, error) {
	t.octets = append(t.octets, p...)
	if extra := len(t.octets) - tailSize; extra > 0 {
		t.octets = append(t.octets[:0], t.octets[extra:]...)
	}
	return len(p), nil
}

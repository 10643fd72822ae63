package process

import (
	"bufio"
	"io"
	"log/slog"
	"time"

	"zonecast/internal/service"
)

const (
	logLine   = 1 << 10 // octets of a line that are logged
	logEvery  = time.Second
	logAtOnce = 20 // lines in each of these
)

// logLines logs what a program says on its standard error: a line each, cut, and so many a second.
func logLines(r io.Reader, log *slog.Logger) {
	in := bufio.NewReaderSize(r, logLine)
	var since time.Time
	said, dropped := 0, 0
	for whole := true; ; {
		line, more, err := in.ReadLine()
		if err != nil {
			return
		}
		first := whole
		if whole = !more; !first {
			continue // the rest of a long line
		}
		if now := time.Now(); now.Sub(since) > logEvery {
			if dropped > 0 {
				log.Warn("the program said more than is logged", "lines dropped", dropped)
			}
			since, said, dropped = now, 0, 0
		}
		if said++; said > logAtOnce {
			dropped++
			continue
		}
		log.Warn("the program says", "line", service.OneLine(string(line)))
	}
}

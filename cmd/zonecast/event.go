package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func eventCommand() *cobra.Command {
	var flags clientFlags
	var feed string
	var quiet bool
	cmd := &cobra.Command{
		Use:   "event [FILE | JSON...]",
		Short: "Send inventory events, from arguments, a file or standard input",
		Long: `Sends events (NDJSON) to the rules stage and prints one line of answer for each, after it is durably kept. Exit
status: 0 all accepted or ignored, 1 some refused or held.`,
		Example: `  zonecast event '{"op":"put","kind":"server","id":"web001","attrs":{"hostname":"web001","site":"ams1","ipv4":"192.0.2.10","state":"up"}}'
  zonecast event '{"op":"delete","kind":"server","id":"web001"}'
  my-inventory-export | zonecast event --feed cmdb`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			data, err := eventInput(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			return sendEvents(cmd, c, feed, data, quiet)
		},
	}
	flags.register(cmd, false)
	cmd.Flags().StringVar(&feed, "feed", "", "the feed that the events come from (default \"events\")")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print only what was refused or held")
	return cmd
}

func eventInput(stdin io.Reader, args []string) ([]byte, error) {
	switch {
	case len(args) == 0 || (len(args) == 1 && args[0] == "-"):
		return io.ReadAll(stdin)
	case strings.HasPrefix(strings.TrimSpace(args[0]), "{"):
		return []byte(strings.Join(args, "\n") + "\n"), nil
	case len(args) > 1:
		return nil, errors.New("one file, or events as JSON")
	}
	return os.ReadFile(args[0])
}

// eventBatch bounds one request, in octets, so that a long input is answered, and kept, part by part.
const eventBatch = 4 << 20

func sendEvents(cmd *cobra.Command, c *client, feed string, data []byte, quiet bool) error {
	path := "/v1/events"
	if feed != "" {
		path += "?feed=" + url.QueryEscape(feed)
	}
	done, bad := 0, 0
	for len(data) > 0 {
		part := data
		if len(part) > eventBatch {
			if cut := bytes.LastIndexByte(part[:eventBatch], '\n'); cut >= 0 {
				part = part[:cut+1]
			} else if cut := bytes.IndexByte(part, '\n'); cut >= 0 {
				part = part[:cut+1]
			}
		}
		data = data[len(part):]
		body, err := c.do(cmd.Context(), "POST", path, part)
		if err != nil {
			return fmt.Errorf("%w (lines before %d are kept)", err, done+1)
		}
		dec := json.NewDecoder(body)
		for {
			var a struct {
				Line   int    `json:"line"`
				Status string `json:"status"`
				Reason string `json:"reason"`
			}
			if err := dec.Decode(&a); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				body.Close()
				return fmt.Errorf("the answer was cut: %w", err)
			}
			a.Line += done
			refused := a.Status == "refused" || a.Status == "held"
			if refused {
				bad++
			}
			if refused || !quiet {
				if err := printLine(cmd.OutOrStdout(), a); err != nil {
					return err
				}
			}
		}
		body.Close()
		done += bytes.Count(part, []byte("\n"))
	}
	if bad > 0 {
		return exitCode{code: 1}
	}
	return nil
}

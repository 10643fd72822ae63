package measure

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Send sends events or lists (NDJSON) and gives the answer's status and text; it waits for two minutes at most.
func Send(method, url string, body io.Reader) (status int, answer string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

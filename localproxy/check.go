package localproxy

import (
	"fmt"

	"zonecast/localproxy/access"
	"zonecast/localproxy/follow"
)

// Check gives the first fault of the configuration, without reading the files that it names.
func (c Config) Check() error {
	if _, err := c.addrs(); err != nil {
		return err
	}
	if _, err := access.Parse(c.allow()); err != nil {
		return fmt.Errorf("localproxy.allow: %w", err)
	}
	if err := c.RateLimit.Check(); err != nil {
		return fmt.Errorf("localproxy.rate_limit.%w", err)
	}
	if err := c.Report.check(); err != nil {
		return err
	}
	if len(c.URLs) > 0 {
		source, err := follow.NewHTTPSource(c.URLs, c.Stream)
		if err != nil {
			return fmt.Errorf("localproxy.urls: %w", err)
		}
		source.Close()
	}
	if len(c.Keys) == 0 {
		return nil // they are in key_file
	}
	c.KeyFile = ""
	_, err := c.VerifyKeys()
	return err
}

package rules

import (
	"fmt"
	"maps"
)

// Check gives the first fault of the configuration, without reading what it names.
func (c Config) Check() error {
	c.Processes = maps.Clone(c.Processes) // check fills them in
	if _, err := c.check(); err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	return nil
}

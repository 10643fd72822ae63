package inventory

import "fmt"

// Guard bounds what one full list may delete: a source that restarts, or a query that lost a clause, looks like a
// mass removal (Spotify, consul-template: see the outages DESIGN must survive). Zero fields take the defaults.
type Guard struct {
	AtLeast int     `yaml:"at_least"` // so many may always go; default 10
	Share   float64 `yaml:"share"`    // of what the feed owns; default 0.2
	AtMost  int     `yaml:"at_most"`  // but never more than so many by share; default 500
}

// Limit is how many of owned may go.
func (g Guard) Limit(owned int) int {
	if g.AtLeast == 0 {
		g.AtLeast = 10
	}
	if g.Share == 0 {
		g.Share = 0.2
	}
	if g.AtMost == 0 {
		g.AtMost = 500
	}
	return max(g.AtLeast, min(int(float64(owned)*g.Share), g.AtMost))
}

// Allows tells whether a list may take gone of owned entities away; the error says why not. left tells whether the
// feed has any entity afterwards, old or new: it may not become empty.
func (g Guard) Allows(owned, gone int, left bool) error {
	switch limit := g.Limit(owned); {
	case gone == 0:
		return nil
	case !left:
		return fmt.Errorf("the feed would become empty: all %d entities would go", owned)
	case gone > limit:
		return fmt.Errorf("%d of %d entities would go; at most %d may", gone, owned, limit)
	}
	return nil
}

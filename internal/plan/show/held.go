package show

import (
	"fmt"
	"time"

	"zonecast/internal/plan"
)

// heldLines tells what was held already when the plan was made, a line each, and how to see more of it.
func heldLines(p *plan.Plan) []string {
	lines := make([]string, 0, len(p.Held)+1)
	for _, h := range p.Held {
		lines = append(lines, fmt.Sprintf("%s %s [%s], since %s: zonecast held show %s", clean(h.Unit), clean(h.Subject), clean(h.Check),
			time.Unix(h.Since, 0).UTC().Format(time.RFC3339), clean(h.ID)))
	}
	if p.HeldMore > 0 {
		lines = append(lines, "and "+number(p.HeldMore)+" more: zonecast held")
	}
	return lines
}

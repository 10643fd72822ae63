package show

import (
	"io"

	"zonecast/internal/plan"
)

// JSON writes the plan itself, as plan.Read reads it.
func JSON(w io.Writer, p *plan.Plan) error { return p.Write(w) }

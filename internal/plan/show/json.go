package show

import (
	"encoding/json"
	"io"

	"zonecast/internal/plan"
)

// JSON writes the plan itself, as plan.Read reads it.
func JSON(w io.Writer, p *plan.Plan) error { return json.NewEncoder(w).Encode(p) }

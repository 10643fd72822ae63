package zone

import (
	"encoding/json"
	"fmt"
)

// setJSON is an RRset as JSON has it: octets are no JSON strings, so the data stands in presentation form.
type setJSON struct {
	Type   Type     `json:"type"`
	TTL    uint32   `json:"ttl"`
	Rotate Rotation `json:"rotate,omitempty"`
	Data   []string `json:"data"`
}

// MarshalJSON writes the data in presentation form: {"type":"A","ttl":300,"data":["192.0.2.1"]}.
func (s RRset) MarshalJSON() ([]byte, error) {
	if text, ok := s.appendAddresses(make([]byte, 0, 64)); ok {
		return text, nil
	}
	j := setJSON{Type: s.Type, TTL: s.TTL, Rotate: s.Rotate, Data: make([]string, len(s.Data))}
	for i, d := range s.Data {
		j.Data[i] = RdataText(s.Type, d)
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *RRset) UnmarshalJSON(text []byte) error {
	var j setJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*s = RRset{Type: j.Type, TTL: j.TTL, Rotate: j.Rotate}
	for _, t := range j.Data {
		d, err := ParseRdata(j.Type, t, Root)
		if err != nil {
			return fmt.Errorf("rrset: %w", err)
		}
		s.Data = append(s.Data, d)
	}
	return nil
}

package snapshot

// Section is a part of a file, for `snapshot stat`.
type Section struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // octets
}

// Layout tells how the file's octets are spent. Header, padding and trailer are what remains of Stat.Size.
func (s *Snapshot) Layout() []Section {
	list := make([]Section, sections)
	for i, sec := range s.counts.sections {
		list[i] = Section{sectionNames[i], int64(sec.size)}
	}
	return list
}

// NodesOf gives the octets of the nodes at and below the apex of a zone, by its place in Zones.
func (s *Snapshot) NodesOf(place int) int64 {
	return int64(s.ranges[place].end - s.ranges[place].start)
}

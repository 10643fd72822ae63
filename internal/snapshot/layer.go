package snapshot

import "zonecast/internal/zone"

// layer is what some deltas changed, newest state of each name. Layers never change once they are in a View.
type layer struct{ names map[zone.Name]change }

type change struct {
	state State
	body  []byte // of Data
}

// layerRatio is how much larger an older layer stays than the next: a new layer takes in those that are not. A name is then
// copied at most layerRatio times per level, and a lookup probes log8 of the names changed.
const layerRatio = 8

// pushLayer adds changes on top, sharing every older layer that is large enough.
func pushLayer(layers []layer, changes []NameChange) []layer {
	keep, size := len(layers), len(changes)
	for keep > 0 && len(layers[keep-1].names) < layerRatio*size {
		keep--
		size += len(layers[keep].names)
	}
	top := layer{make(map[zone.Name]change, size)}
	for _, old := range layers[keep:] {
		for n, c := range old.names {
			top.names[n] = c
		}
	}
	for _, n := range changes {
		top.names[n.Name] = change{n.State, appendBody(nil, n.Sets)}
	}
	return append(layers[:keep:keep], top)
}

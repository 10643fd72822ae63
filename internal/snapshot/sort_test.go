package snapshot

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestParallelSort(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 2, sortRun - 1, sortRun, 5*sortRun + 3} {
		for processors := range 6 {
			list := rand.New(rand.NewPCG(uint64(size), uint64(processors))).Perm(size)
			sortWith(list, func(a, b int) int { return a - b }, processors)
			if !slices.IsSorted(list) || (size > 0 && (list[0] != 0 || list[size-1] != size-1)) {
				t.Errorf("%d numbers on %d processors are not sorted", size, processors)
			}
		}
	}
}

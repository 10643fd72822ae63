package snapshot

import (
	"runtime"
	"slices"
	"strings"
	"sync"
)

// sortRun is the length below which a sort is not worth a goroutine.
const sortRun = 1 << 14

// parallelSort sorts with all processors: halves beside each other, then merged. No two elements are equal where
// the order of the result matters.
func parallelSort[T any](list []T, compare func(a, b T) int) {
	sortWith(list, compare, runtime.GOMAXPROCS(0))
}

func sortWith[T any](list []T, compare func(a, b T) int, processors int) {
	if processors < 2 || len(list) < sortRun {
		slices.SortFunc(list, compare)
		return
	}
	// The halves meet in the middle of the list, so only the left one needs a copy.
	left, right := list[:len(list)/2], list[len(list)/2:]
	var wait sync.WaitGroup
	wait.Go(func() { sortWith(left, compare, processors/2) })
	sortWith(right, compare, processors-processors/2)
	wait.Wait()
	left = slices.Clone(left)
	for at := 0; len(left) > 0; at++ {
		if len(right) > 0 && compare(right[0], left[0]) < 0 {
			list[at], right = right[0], right[1:]
		} else {
			list[at], left = left[0], left[1:]
		}
	}
}

// sortChanges puts changes in canonical order. A name's key is made once: Name.Compare would find the labels anew
// at each of twenty comparisons.
func sortChanges(list []NameChange) {
	if len(list) < 2 {
		return
	}
	type item struct {
		key    string
		change NameChange
	}
	items := make([]item, len(list))
	var buf [maxKey]byte
	for i, c := range list {
		items[i] = item{string(appendKey(buf[:0], c.Name)), c}
	}
	parallelSort(items, func(a, b item) int { return strings.Compare(a.key, b.key) })
	for i := range items {
		list[i] = items[i].change
	}
}

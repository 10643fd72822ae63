package format

import "slices"

// attach gives each comment to the item that it was written for: the one on its line, else the next one; a comment that is
// indented deeper than what follows belongs to what stands before it.
func (f *file) attach(s *scanned) {
	a := attacher{file: f}
	f.root.walk(func(it *item) { a.all = append(a.all, it) })
	start := slices.IndexFunc(s.lines, func(l line) bool { return l.start })
	f.start = start > 0
	empty := false
	for n := 1; n < len(s.lines); n++ {
		l := s.lines[n]
		for a.next < len(a.all) && a.all[a.next].line < n {
			a.next++
		}
		switch {
		case n <= start:
			f.before = append(f.before, note(l.comment)...)
		case l.content:
			if it := a.following(); empty && it != nil && it.line == n && it.parent == f.root {
				it.above = append(it.above, "")
			}
			if l.comment != "" {
				a.beside(n, l)
			}
		case l.comment != "":
			to := a.place(l)
			if empty && a.ofNames(to) {
				*to = append(*to, "")
			}
			*to = append(*to, l.comment)
		}
		empty = !l.content && l.comment == ""
	}
	f.takeHeader()
}

// attacher goes over the lines of a text.
type attacher struct {
	*file
	all  []*item // by place
	next int     // the first in all that does not begin before the current line
}

func (a *attacher) following() *item {
	if a.next < len(a.all) {
		return a.all[a.next]
	}
	return nil
}

// place tells where a comment on a line of its own belongs.
func (a *attacher) place(l line) *[]string {
	following := a.following()
	if a.next > 0 {
		for it := a.all[a.next-1]; it.parent != nil && !it.parent.holds(following); it = it.parent {
			if it.column <= l.column {
				return &it.parent.inside
			}
		}
	}
	if following == nil {
		return &a.root.inside
	}
	return &following.above
}

// holds tells whether another item stands somewhere below this one.
func (it *item) holds(o *item) bool {
	for ; o != nil; o = o.parent {
		if o.parent == it {
			return true
		}
	}
	return false
}

// ofNames tells whether a list of comments stands between names: there empty lines are kept, one at a place.
func (a *attacher) ofNames(list *[]string) bool {
	return list == &a.root.inside || slices.ContainsFunc(a.root.items, func(it *item) bool { return list == &it.above })
}

// beside gives a comment at the end of a line to the largest item that is all on this line, else to the innermost one
// that begins here.
func (a *attacher) beside(n int, l line) {
	var chosen *item
	for i := a.next; i < len(a.all) && a.all[i].line == n; i++ {
		it := a.all[i]
		if chosen == nil || chosen.last > n || it.last == n && it.depth() <= chosen.depth() {
			chosen = it
		}
	}
	if chosen == nil && a.next > 0 && a.all[a.next-1].last == n {
		chosen = a.all[a.next-1]
	}
	switch {
	case chosen == nil: // beside a closing bracket
		to := a.place(l)
		*to = append(*to, l.comment)
	case chosen.beside != "" || chosen.key == nil && len(chosen.items) > 0:
		chosen.above = append(chosen.above, l.comment)
	default:
		chosen.beside = l.comment
	}
}

func (it *item) depth() (d int) {
	for ; it.parent != nil; it = it.parent {
		d++
	}
	return d
}

// takeHeader keeps at the top the comment there that has an empty line after it: it is about the file, not about the name
// that happens to follow.
func (f *file) takeHeader() {
	if len(f.root.items) == 0 {
		f.header, f.root.inside = trim(f.root.inside), nil
		return
	}
	first := f.root.items[0]
	first.above = trimFront(first.above)
	if i := slices.Index(first.above, ""); i > 0 {
		f.header, first.above = first.above[:i], first.above[i:]
	}
}

func trimFront(list []string) []string {
	for len(list) > 0 && list[0] == "" {
		list = list[1:]
	}
	return list
}

func trim(list []string) []string {
	list = trimFront(list)
	for len(list) > 0 && list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list
}

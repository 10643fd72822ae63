package embedded

import (
	"testing"

	"zonecast/internal/store"
	"zonecast/internal/store/storetest"
)

type shared struct{ first *Store }

func (tr shared) Session(t *testing.T) store.Store {
	s, err := tr.first.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (tr shared) Expire(t *testing.T, st store.Store) {
	if err := st.(*Store).Expire(); err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Tree {
		s, _ := openNew(t)
		return shared{s}
	})
}

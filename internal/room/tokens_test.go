package room

import (
	"testing"

	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/mxerr"
)

func TestPlaceComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := place{
			joined: rapid.Int64Range(0, 1<<62).Draw(t, "joined"), room: rapid.Int64Range(1, 1<<62).Draw(t, "room"),
			back: rapid.Bool().Draw(t, "back"),
		}
		if got, err := parsePlace(want.String()); err != nil || got != want {
			t.Fatalf("%s gave %+v, %v", want, got, err)
		}
	})
}

func TestHierarchyTokenComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req := HierarchyRequest{MaxDepth: rapid.IntRange(0, HierarchyDepth).Draw(t, "depth"), SuggestedOnly: rapid.Bool().Draw(t, "suggested")}
		want := rapid.IntRange(0, hierarchyRooms).Draw(t, "given")
		req.From = req.token(want)
		if got, err := req.skip(); err != nil || got != want {
			t.Fatalf("%s gave %d, %v", req.From, got, err)
		}
	})
}

// FuzzPageTokens: whatever a client sends is read, or refused as M_INVALID_PARAM.
func FuzzPageTokens(f *testing.F) {
	f.Add("n5_281474976710657")
	f.Add("p0_1")
	f.Add("h50_2_true")
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := parsePlace(s); err != nil && !mxerr.HasCode(err, mxerr.InvalidParam) || err == nil && p.room < 1 {
			t.Errorf("%q as a place: %+v, %v", s, p, err)
		}
		skip, err := HierarchyRequest{From: s, MaxDepth: 2, SuggestedOnly: true}.skip()
		if err != nil && !mxerr.HasCode(err, mxerr.InvalidParam) || skip < 0 || skip > hierarchyRooms {
			t.Errorf("%q as a place in a space: %d, %v", s, skip, err)
		}
	})
}

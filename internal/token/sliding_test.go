package token

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/store"
)

func TestSlidingIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Sliding{
			State: rapid.StringMatching(`[0-9a-z]{0,32}`).Draw(t, "state"),
			Sync: Sync{
				Lanes:  rapid.SliceOfN(rapid.Int64Range(0, maxSeq), 1, 5).Draw(t, "lanes"),
				Typing: rapid.Int64Range(0, 1000).Draw(t, "typing"), Node: rapid.StringN(0, 10, 20).Draw(t, "node"),
			},
		}
		got, err := ParseSliding(want.String())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v came back as %+v, %v", want, got, err)
		}
		if pos, err := ParsePage(want.String(), 0); err != nil || pos != store.MakePos(0, want.Lanes[0]) {
			t.Fatalf("as a place in a page it is %d, %v", pos, err)
		}
	})
}

func FuzzParseSliding(f *testing.F) {
	f.Add(Sliding{State: "a1", Sync: Sync{Lanes: []int64{1}, Node: "n"}}.String())
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseSliding(text)
		if err != nil {
			return
		}
		if again, err := ParseSliding(p.String()); err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("%q was read as %+v, which was read as %+v, %v", text, p, again, err)
		}
	})
}

package token

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

func anySync(t *rapid.T) Sync {
	seq := rapid.Int64Range(0, maxSeq)
	return Sync{
		Lanes:    rapid.SliceOfN(seq, 1, 64).Draw(t, "lanes"),
		ToDevice: seq.Draw(t, "to device"),
		Typing:   seq.Draw(t, "typing"),
		Presence: seq.Draw(t, "presence"),
		Node:     rapid.String().Draw(t, "node"),
	}
}

func TestSyncComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anySync(t)
		got, err := ParseSync(want.String())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s gave %+v, %v", want, got, err)
		}
	})
}

func TestPageTakesBothForms(t *testing.T) {
	pos := store.MakePos(1, 77)
	for _, s := range []string{Page(pos), Sync{Lanes: []int64{5, 77}}.String()} {
		if got, err := ParsePage(s, 1); err != nil || got != pos {
			t.Errorf("%s gave %d, %v", s, got, err)
		}
	}
	if got, err := ParsePage(Sync{Lanes: []int64{5}}.String(), 3); err != nil || got != store.MakePos(3, 0) {
		t.Errorf("a lane that the token lacks gave %d, %v", got, err)
	}
}

func TestLongestTokenIsRead(t *testing.T) {
	long := Sync{Lanes: make([]int64, store.MaxLanes), Node: "node"}
	for i := range long.Lanes {
		long.Lanes[i] = maxSeq
	}
	if _, err := ParseSync(long.String()); err != nil {
		t.Fatal(err)
	}
}

func TestBadTokens(t *testing.T) {
	bad := []string{
		"", "s", "t", "s1_", "t-1", "t+1", "tx", "t1.5", "t281474976710656", "s1_1_1_1", "s1_-1_1_1_", "s1_1..2_0_0_", "s2_1_0_0_",
		"s1_1_0_0_!", "p5", "s1_" + strings.Repeat("1.", store.MaxLanes) + "1_0_0_", "t99999999999999999999",
	}
	for _, s := range bad {
		if _, err := ParsePage(s, 0); !mxerr.HasCode(err, mxerr.InvalidParam) {
			t.Errorf("%q gave %v", s, err)
		}
		if _, err := ParseSync(s); !mxerr.HasCode(err, mxerr.InvalidParam) {
			t.Errorf("%q as a token of sync gave %v", s, err)
		}
	}
}

func FuzzTokens(f *testing.F) {
	f.Add("t5")
	f.Add(Sync{Lanes: []int64{1, 2, 3}, Node: "a_b", Typing: 4}.String())
	f.Fuzz(func(t *testing.T, s string) {
		if pos, err := ParsePage(s, 2); err == nil && pos.Lane() != 2 {
			t.Fatalf("%q left its lane: %d", s, pos)
		}
		got, err := ParseSync(s)
		if err != nil {
			return
		}
		again, err := ParseSync(got.String())
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%q: %+v and then %+v, %v", s, got, again, err)
		}
	})
}

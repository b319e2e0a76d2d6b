package dotpath

import (
	"slices"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for path, want := range map[string][]string{
		"":                               {""},
		"type":                           {"type"},
		"content.body":                   {"content", "body"},
		`content.m\.relates_to.rel_type`: {"content", "m.relates_to", "rel_type"},
		`content.m\\foo`:                 {"content", `m\foo`},
		`content.\x`:                     {"content", `\x`},
		`content.\\\.`:                   {"content", `\.`},
		`a\`:                             {`a\`},
		"a..b":                           {"a", "", "b"},
	} {
		if got := Parse(path); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}

func TestJoinIsTheInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune(`ab.\`)), 0, 5, -1), 1, 4).Draw(t, "names")
		if got := Parse(Join(names)); !slices.Equal(got, names) {
			t.Fatalf("got %q", got)
		}
	})
}

func TestFind(t *testing.T) {
	event := gjson.Parse(`{"content":{"m.relates_to":{"rel_type":"m.replace"},"list":[{"a":1}],"none":null}}`)
	for path, want := range map[string]string{
		`content.m\.relates_to.rel_type`: `"m.replace"`,
		"content.none":                   "null",
		"content.list.0":                 "",
		"content.list.#":                 "",
		"content.m.relates_to":           "",
		"content.absent.deeper":          "",
		"content.none.deeper":            "",
	} {
		if got := Find(event, Parse(path)).Raw; got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

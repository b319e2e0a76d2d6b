package search

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"Hello, WORLD! it's 5pm":               "hello world it s 5pm",
		"Crème Brûlée":                         "creme brulee",
		"안녕하세요 여러분":                            "안녕하세요 여러분",
		"\u1112\u1161\u11ab\u1100\u1173\u11af": "한글",
		"東京都":                                  "東京 京都 都",
		"新iPhone版":                             "新 iphone 版",
		"ｆｕｌｌ":                                 "full",
		"STRASSE straße":                       "strasse strasse",
		"__a_b__ '' \\":                        "a b",
		"":                                     "",
	} {
		if got := strings.Join(Words(text), " "); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	got := Parse("東京都 Tokyo tokyo 5pm 나 of")
	same := slices.Equal(got.Beginnings, []string{"東京", "京都", "tokyo", "5pm", "나"}) && slices.Equal(got.Whole, []string{"of"}) &&
		slices.Equal(got.Shown, []string{"東京都", "tokyo", "5pm", "나", "of"})
	if !same {
		t.Errorf("got %q", got)
	}
}

// Words go into the query languages of the databases: they hold nothing but letters, digits and marks, and are bounded.
func TestWordsAreHarmless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		for _, w := range slices.Concat(Words(text), Parse(text).Whole, Parse(text).Beginnings) {
			if w == "" || len([]rune(w)) > maxWord {
				t.Fatalf("%q has the word %q", text, w)
			}
			for _, r := range w {
				if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) {
					t.Fatalf("%q has the word %q", text, w)
				}
			}
		}
	})
}

// Whatever is a part of a text, from the beginning of a word on, finds it.
func TestTextIsFoundByItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-zäöé가-힣東京都はな]{1,8}`), 1, 6).Draw(t, "words")
		text := strings.Join(words, " ")
		q := Parse(words[rapid.IntRange(0, len(words)-1).Draw(t, "which")])
		for _, sought := range slices.Concat(q.Whole, q.Beginnings) {
			if !slices.ContainsFunc(Words(text), func(w string) bool { return strings.HasPrefix(w, sought) }) {
				t.Fatalf("%q is not found in %q: no word begins with %q", q.Shown, text, sought)
			}
		}
		if r := q.Rank(text); r <= 0 || r > 1 {
			t.Fatalf("its rank is %v", r)
		}
	})
}

func TestRank(t *testing.T) {
	q := Parse("tea")
	for better, worse := range map[string]string{
		"tea": "team", "tea for two": "a long story about many things, among them tea", "tea, tea and tea": "tea and no coffee", "team": "coffee",
	} {
		if q.Rank(better) <= q.Rank(worse) {
			t.Errorf("%q does not come before %q", better, worse)
		}
	}
	if q.Rank("coffee") != 0 {
		t.Error("coffee is tea")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a b", "東京", "\u0301", "\xff", "กรุงเทพ", "が"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, s string) {
		Parse(s).Rank(s)
	})
}

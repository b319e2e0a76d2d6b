package glob

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything", true},
		{"?", "", false},
		{"?", "é", true},
		{"lunc?*", "lunch plans", true},
		{"lunc?*", "lunch", true},
		{"lunc?*", "lunc", false},
		{"lunc?*", " lunch", false},
		{"a*b*c", "abc", true},
		{"a*b*c", "axxbyyc", true},
		{"a*b*c", "axxbyy", false},
		{"aba*aba", "aba", false},
		{"*?b", "b", false},
		{"*?b", "밥b", true},
		{"m.room.*", "m.room.message", true},
		{"m.room.*", "m.roommessage", false},
	} {
		if got := Compile(tc.pattern).Match(tc.s); got != tc.want {
			t.Errorf("%q on %q: got %v", tc.pattern, tc.s, got)
		}
	}
}

func TestStarsLeaveQuestionMarks(t *testing.T) {
	p := CompileStars("m.?*")
	if p.Match("m.room") || !p.Match("m.?x") {
		t.Error("a question mark is a plain character in a star pattern")
	}
}

func TestMatchWords(t *testing.T) {
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		// The examples of the specification.
		{"ex*ple", "An example event.", true},
		{"ex*ple", "exple", true},
		{"ex*ple", "An exciting triple-whammy", true},
		{"cake", "I like cake", true},
		{"cake", "cake!", true},
		{"cake", "pancake", false},
		{"cake", "cakes", false},
		{"cake", "cake_", false},
		{"cake", "pancakes and cake", true},
		{"c?ke", "a coke", true},
		{"c?ke", "a cokes", false},
		{"cake*lie", "the cake is a lie", true},
		{"cake*lie", "the pancake is a lie", false},
		{"cake*lie", "the cake is alien", false},
		{"@room", "hi @room", true},
		{"@room", "hi @rooms", false},
		{"밥", "밥먹자", true}, // only ASCII letters, digits and _ make words
		{"", "hello", true},
		{"", "", true},
		{"*", "hello", true},
		{"a*", "xa", false},
		{"*a", "ax", false},
	} {
		if got := Compile(tc.pattern).MatchWords(tc.s); got != tc.want {
			t.Errorf("%q in %q: got %v", tc.pattern, tc.s, got)
		}
	}
}

// expression is the same glob as a regular expression: a slow second opinion.
func expression(pattern string) string {
	r := strings.NewReplacer(`\*`, `.*`, `\?`, `.`)
	return `(?s:` + r.Replace(regexp.QuoteMeta(pattern)) + `)`
}

func TestAgainstRegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.RuneFrom([]rune("ab-é?*")), 0, 6, -1).Draw(t, "pattern")
		s := rapid.StringOfN(rapid.RuneFrom([]rune("ab-é\n")), 0, 10, -1).Draw(t, "s")
		p := Compile(pattern)
		whole := regexp.MustCompile(`\A` + expression(pattern) + `\z`)
		if got, want := p.Match(s), whole.MatchString(s); got != want {
			t.Fatalf("Match: got %v, want %v", got, want)
		}
		if got, want := p.MatchWords(s), wordsSlowly(whole, s); got != want {
			t.Fatalf("MatchWords: got %v, want %v", got, want)
		}
	})
}

// wordsSlowly tries every part of s that lies between word boundaries.
func wordsSlowly(whole *regexp.Regexp, s string) bool {
	cuts := []int{len(s)}
	for i := range s {
		cuts = append(cuts, i)
	}
	for _, i := range cuts {
		for _, j := range cuts {
			if i <= j && boundary(s, i) && boundary(s, j) && whole.MatchString(s[i:j]) {
				return true
			}
		}
	}
	return false
}

func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("*?*", "\xff\xfe")
	f.Fuzz(func(_ *testing.T, pattern, s string) {
		p := Compile(pattern)
		p.Match(s)
		p.MatchWords(s)
	})
}

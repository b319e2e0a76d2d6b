package search

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Bounds of what is looked at.
const (
	maxWord       = 64   // runes of one word; the rest of a longer one is not looked at
	maxWords      = 5000 // different words of one text
	maxQueryWords = 30
	// shortest is how many letters of an alphabet a beginning must have: fewer begin too many words.
	shortest = 3
)

// unspaced are the scripts whose words no space parts. Their texts are cut into overlapping pairs instead.
var unspaced = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

// run is a piece of text in which nothing parts one word from the next.
type run struct {
	text  []rune
	pairs bool // of a script without spaces
}

// fold takes from a text what must not matter: case, width, accents, and whether a letter is written as one or composed. Marks
// that make another letter (Japanese, Indic) stay.
func fold(text string) string {
	text = norm.NFKD.String(text)
	text = strings.Map(func(r rune) rune {
		if r >= 0x300 && r <= 0x36f {
			return -1
		}
		return r
	}, text)
	return norm.NFC.String(cases.Fold().String(text))
}

// runs cuts a text at whatever is no letter, digit or mark, and where a script without spaces begins or ends.
func runs(text string) []run {
	var out []run
	var current run
	end := func() {
		if len(current.text) > 0 {
			out = append(out, current)
		}
		current = run{}
	}
	for _, r := range fold(text) {
		switch {
		case unicode.IsMark(r) && len(current.text) > 0:
		case !unicode.IsLetter(r) && !unicode.IsNumber(r):
			end()
			continue
		case unicode.In(r, unspaced...) != current.pairs:
			end()
			current.pairs = unicode.In(r, unspaced...)
		}
		current.text = append(current.text, r)
	}
	end()
	return out
}

// words are the words by which a run is found. Of pairs the last rune stands also alone, so that every rune begins a word.
func (r run) words() []string {
	if !r.pairs {
		return []string{string(r.text[:min(len(r.text), maxWord)])}
	}
	out := make([]string, 0, len(r.text))
	for i := range len(r.text) - 1 {
		out = append(out, string(r.text[i:i+2]))
	}
	return append(out, string(r.text[len(r.text)-1:]))
}

// Words are the words of a text, each as often as it stands there.
func Words(text string) []string {
	var out []string
	for _, r := range runs(text) {
		out = append(out, r.words()...)
	}
	return out
}

// different are the different words of a text, for the index.
func different(text string) []string {
	out := Words(text)
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), maxWords)]
}

// Query is what is sought: texts that have each of the whole words, and for each beginning a word that begins so. Korean particles and
// English endings are thereby no obstacle.
type Query struct {
	Whole      []string
	Beginnings []string
	// Shown are the words as a person wrote them, but for case, to be marked in what is found.
	Shown []string
}

// Parse reads what a person typed.
func Parse(term string) Query {
	var q Query
	for _, r := range runs(term) {
		q.Shown = append(q.Shown, string(r.text))
		words := r.words()
		if len(words) > 1 {
			words = words[:len(words)-1] // the pair before it has the last rune already
		}
		if r.pairs || len(r.text) >= shortest || unicode.Is(unicode.Hangul, r.text[0]) {
			q.Beginnings = append(q.Beginnings, words...)
		} else {
			q.Whole = append(q.Whole, words...)
		}
	}
	q.Whole, q.Beginnings, q.Shown = unique(q.Whole), unique(q.Beginnings), unique(q.Shown)
	return q
}

// unique drops repeats, and what is too many.
func unique(words []string) []string {
	var out []string
	for _, w := range words {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
		if len(out) == maxQueryWords {
			break
		}
	}
	if out == nil {
		return []string{}
	}
	return out
}

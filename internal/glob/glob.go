// Package glob matches strings against Matrix globs: '*' is any sequence of characters, '?' exactly one.
//
// A pattern is cut at its stars once, when it is compiled. Matching then looks for the pieces from left to right, so that its cost is
// bounded by the length of the string times the length of the pattern: no input makes it backtrack.
//
// It never folds case: who wants a case-insensitive match lowers both sides first.
package glob

import (
	"strings"
	"unicode/utf8"
)

// Pattern is a compiled glob. It is immutable and may be used by many goroutines.
type Pattern struct {
	pieces []piece // what stands between the stars; never empty
}

// piece is a run of the pattern without stars.
type piece struct {
	text  string
	wild  bool // text holds '?' that match any one character
	runes int
}

// Compile makes a pattern in which both '*' and '?' are special (Appendices, "Glob-style matching").
func Compile(pattern string) Pattern { return compile(pattern, true) }

// CompileStars makes a pattern in which only '*' is special, as in the event types of a filter.
func CompileStars(pattern string) Pattern { return compile(pattern, false) }

// Literal makes a pattern without wildcards.
func Literal(text string) Pattern { return Pattern{pieces: []piece{{text: text}}} }

func compile(pattern string, wild bool) Pattern {
	parts := strings.Split(pattern, "*")
	pieces := make([]piece, len(parts))
	for i, text := range parts {
		pieces[i] = piece{text: text, wild: wild && strings.Contains(text, "?"), runes: utf8.RuneCountInString(text)}
	}
	return Pattern{pieces: pieces}
}

// Text returns the one string that the pattern matches, if it has no wildcards.
func (p Pattern) Text() (string, bool) {
	if len(p.pieces) == 1 && !p.pieces[0].wild {
		return p.pieces[0].text, true
	}
	return "", false
}

// Match reports whether the whole of s matches.
func (p Pattern) Match(s string) bool {
	first, last := p.pieces[0], p.pieces[len(p.pieces)-1]
	pos, ok := first.at(s, 0)
	if !ok {
		return false
	}
	if len(p.pieces) == 1 {
		return pos == len(s)
	}
	for _, piece := range p.pieces[1 : len(p.pieces)-1] {
		if _, pos = piece.index(s, pos); pos < 0 {
			return false
		}
	}
	return last.endsIn(s, pos)
}

// MatchWords reports whether some part of s that starts and ends at a word boundary matches. A word boundary is the start or end of s,
// or any character outside [A-Za-z0-9_] (Client-Server API, "Push notifications", conditions, event_match on content.body).
func (p Pattern) MatchWords(s string) bool {
	if len(p.pieces) == 1 {
		return p.pieces[0].word(s)
	}
	pos := p.pieces[0].wordStart(s)
	if pos < 0 {
		return false
	}
	for _, piece := range p.pieces[1 : len(p.pieces)-1] {
		if _, pos = piece.index(s, pos); pos < 0 {
			return false
		}
	}
	return p.pieces[len(p.pieces)-1].wordEnd(s, pos)
}

// word reports whether the piece stands in s between two word boundaries.
func (p piece) word(s string) bool {
	for from := 0; ; {
		start, end := p.index(s, from)
		if end < 0 {
			return false
		}
		if boundary(s, start) && boundary(s, end) {
			return true
		}
		if start >= len(s) {
			return false
		}
		from = next(s, start)
	}
}

// wordStart gives the end of the piece's first occurrence that starts at a word boundary, or -1. The first one leaves most room for the
// pieces that follow, so no other needs to be tried.
func (p piece) wordStart(s string) int {
	for from := 0; ; {
		start, end := p.index(s, from)
		if end < 0 || boundary(s, start) {
			return end
		}
		if start >= len(s) {
			return -1
		}
		from = next(s, start)
	}
}

// wordEnd reports whether the piece occurs in s at or after from and ends at a word boundary.
func (p piece) wordEnd(s string, from int) bool {
	if p.text == "" {
		return true // the star before it runs to the end of s, which is a boundary
	}
	for {
		start, end := p.index(s, from)
		if end < 0 {
			return false
		}
		if boundary(s, end) {
			return true
		}
		from = next(s, start)
	}
}

// at matches the piece at the start of s[from:] and gives where it ends.
func (p piece) at(s string, from int) (int, bool) {
	if !p.wild {
		return from + len(p.text), strings.HasPrefix(s[from:], p.text)
	}
	pos := from
	for _, want := range p.text {
		if pos >= len(s) {
			return 0, false
		}
		got, size := utf8.DecodeRuneInString(s[pos:])
		if want != '?' && want != got {
			return 0, false
		}
		pos += size
	}
	return pos, true
}

// index finds the piece's first occurrence in s at or after from; end is -1 if there is none.
func (p piece) index(s string, from int) (start, end int) {
	if !p.wild {
		i := strings.Index(s[from:], p.text)
		if i < 0 {
			return -1, -1
		}
		return from + i, from + i + len(p.text)
	}
	for i := from; i < len(s); i = next(s, i) {
		if end, ok := p.at(s, i); ok {
			return i, end
		}
	}
	return -1, -1
}

// endsIn reports whether s ends with the piece, without reaching back before from.
func (p piece) endsIn(s string, from int) bool {
	if !p.wild {
		return len(s)-len(p.text) >= from && strings.HasSuffix(s, p.text)
	}
	start := len(s)
	for range p.runes {
		if start <= from {
			return false
		}
		_, size := utf8.DecodeLastRuneInString(s[:start])
		start -= size
	}
	if start < from {
		return false
	}
	end, ok := p.at(s, start)
	return ok && end == len(s)
}

// next gives the position after the character at i.
func next(s string, i int) int {
	_, size := utf8.DecodeRuneInString(s[i:])
	return i + size
}

func boundary(s string, i int) bool {
	return i == 0 || i == len(s) || !wordByte(s[i-1]) || !wordByte(s[i])
}

func wordByte(b byte) bool {
	return b == '_' || '0' <= b && b <= '9' || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z'
}

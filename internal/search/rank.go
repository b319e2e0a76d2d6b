package search

import (
	"math"
	"strings"
)

// Rank tells how well a text answers a query, from 0 to 1: whole words count more than beginnings of words, several of a kind a little
// more than one, and in a short text each counts more than in a long one.
func (q Query) Rank(text string) float64 {
	words := Words(text)
	sought := len(q.Whole) + len(q.Beginnings)
	if sought == 0 || len(words) == 0 {
		return 0
	}
	sum := 0.0
	for _, w := range q.Whole {
		sum += weight(words, w, 0)
	}
	for _, w := range q.Beginnings {
		sum += weight(words, w, 0.5)
	}
	return sum / float64(sought) / (1 + math.Log(float64(len(words)))/10)
}

// weight is how much a word stands among others, from 0 to 1. begins is what a word counts that only begins so.
func weight(words []string, sought string, begins float64) float64 {
	count := 0.0
	for _, w := range words {
		switch {
		case w == sought:
			count++
		case strings.HasPrefix(w, sought):
			count += begins
		}
	}
	return count / (count + 1)
}

package config

import "strings"

// didYouMean returns a hint at the candidate that is nearest to what was written, or nothing if none is near.
func didYouMean(written string, candidates []string) string {
	best, bestDistance := "", 1+max(2, len(written)/4)
	for _, candidate := range candidates {
		last := candidate[strings.LastIndexByte(candidate, '.')+1:]
		d := min(distance(written, candidate), 1+distance(written, last))
		if d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// maxCompared bounds the work for absurdly long names.
const maxCompared = 100

// distance is the Levenshtein distance, without regard to case.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if len(a) > maxCompared || len(b) > maxCompared {
		return maxCompared
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substituted := diagonal
			if a[i] != b[j] {
				substituted++
			}
			diagonal = row[j+1]
			row[j+1] = min(substituted, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

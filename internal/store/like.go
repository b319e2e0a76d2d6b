package store

import "strings"

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// likePattern makes a pattern for LIKE … ESCAPE '\' that finds s anywhere in lower-case text; empty stays empty.
func likePattern(s string) string {
	if s == "" {
		return ""
	}
	return "%" + likeEscaper.Replace(strings.ToLower(s)) + "%"
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

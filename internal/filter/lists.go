package filter

import (
	"slices"
	"strings"

	"bongsu.org/bongsu/internal/glob"
)

// set is a list of names to include and one of names to exclude. A list that was not given restricts nothing, an empty list to include
// lets nothing pass. What is excluded stays excluded even if it is also included.
type set struct {
	include, exclude names
}

func (s *set) has(name string) bool {
	return !s.exclude.has(name) && (s.include == nil || s.include.has(name))
}

func (s *set) all() bool { return s.include == nil && len(s.exclude) == 0 }

// empty reports that nothing passes, as far as that can be seen from the lists.
func (s *set) empty() bool {
	if s.include == nil {
		return false
	}
	for name := range s.include {
		if !s.exclude.has(name) {
			return false
		}
	}
	return true
}

// names is nil if the list was not given.
type names map[string]struct{}

func (n names) has(name string) bool {
	_, ok := n[name]
	return ok
}

func makeNames(list []string) names {
	if list == nil {
		return nil
	}
	out := make(names, len(list))
	for _, name := range list {
		out[name] = struct{}{}
	}
	return out
}

// types is a set of event types, in which '*' matches any sequence of characters.
type types struct {
	plain                    set
	included, excluded       []glob.Pattern
	excludesAll, includesAny bool // a lone "*"
}

func makeTypes(include, exclude []string) types {
	var t types
	var plainIn, plainOut []string
	plainIn, t.included, t.includesAny = splitTypes(include)
	plainOut, t.excluded, t.excludesAll = splitTypes(exclude)
	t.plain = set{include: makeNames(plainIn), exclude: makeNames(plainOut)}
	if t.includesAny {
		t.plain.include, t.included = nil, nil // as if there were no list
	}
	return t
}

// splitTypes parts the types with wildcards from those without.
func splitTypes(list []string) (plain []string, patterns []glob.Pattern, star bool) {
	if list == nil {
		return nil, nil, false
	}
	plain = []string{}
	for _, t := range list {
		switch {
		case t == "*":
			star = true
		case strings.Contains(t, "*"):
			patterns = append(patterns, glob.CompileStars(t))
		default:
			plain = append(plain, t)
		}
	}
	return plain, patterns, star
}

func (t *types) has(eventType string) bool {
	if t.excludesAll || t.plain.exclude.has(eventType) || matchesAny(t.excluded, eventType) {
		return false
	}
	return t.plain.include == nil || t.plain.include.has(eventType) || matchesAny(t.included, eventType)
}

func (t *types) all() bool { return t.plain.all() && len(t.excluded) == 0 && !t.excludesAll }

func (t *types) empty() bool {
	return t.excludesAll || len(t.included) == 0 && t.plain.empty()
}

func matchesAny(patterns []glob.Pattern, s string) bool {
	return slices.ContainsFunc(patterns, func(p glob.Pattern) bool { return p.Match(s) })
}

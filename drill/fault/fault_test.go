//go:build linux

package fault

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func names(faults []Fault) []string {
	var all []string
	for _, f := range faults {
		all = append(all, f.Name)
	}
	return all
}

func TestEveryFaultIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range All() {
		if f.Name == "" || f.Title == "" || f.Do == nil || f.End == nil || seen[f.Name] {
			t.Errorf("fault %q is not whole, or there are two", f.Name)
		}
		seen[f.Name] = true
	}
}

func TestASeedGivesTheSamePlan(t *testing.T) {
	plan := func(seed uint64) []string { return names(Plan(rand.New(rand.NewPCG(seed, 0)))) }
	if !slices.Equal(plan(3), plan(3)) {
		t.Error("one seed gave two plans")
	}
	if slices.Equal(plan(3), plan(4)) {
		t.Error("two seeds gave one plan")
	}
	sorted := slices.Sorted(slices.Values(plan(3)))
	if !slices.Equal(sorted, slices.Sorted(slices.Values(names(All())))) {
		t.Errorf("a plan has %v", sorted)
	}
}

func TestFaultsAreFoundByName(t *testing.T) {
	found, err := ByName(Short())
	if err != nil || !slices.Equal(names(found), Short()) {
		t.Errorf("found %v, %v", names(found), err)
	}
	if found, err = ByName([]string{"fire", "fire"}); err != nil || len(found) != 2 {
		t.Errorf("found %v, %v", names(found), err)
	}
	if _, err = ByName([]string{"flood"}); err == nil {
		t.Error("a flood was found")
	}
}

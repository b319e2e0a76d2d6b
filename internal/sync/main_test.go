package sync

import (
	goflag "flag"
	"os"
	"slices"
	"strings"
	"testing"
)

// Each check of a property here is a small life of a server, on two databases; a few dozen find what a hundred do. -rapid.checks asks
// for more.
func TestMain(m *testing.M) {
	given := slices.ContainsFunc(os.Args, func(arg string) bool { return strings.Contains(arg, "rapid.checks") })
	if !given {
		if err := goflag.Set("rapid.checks", "25"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

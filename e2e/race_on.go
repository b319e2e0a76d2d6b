//go:build race

package e2e

// raceFlags builds the server as the tests are built.
var raceFlags = []string{"-race"}

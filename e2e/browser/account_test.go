package browser

import (
	"testing"

	"bongsu.org/bongsu/e2e"
)

func TestAccountPages(t *testing.T) { drive(t, "account.test.js", e2e.Start(t, e2e.Options{})) }

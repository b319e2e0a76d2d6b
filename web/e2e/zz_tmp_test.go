//go:build goolm

package e2e

import (
	"os"
	"strings"
	"testing"

	"bongsu.org/bongsu/e2e"
)

func TestTmpChats(t *testing.T) {
	server := e2e.Start(t, e2e.Options{})
	phone := startPhone(t, server)
	play(t, server.URL, server.Name, []string{"BONGSU_E2E_PHONE=" + phone}, strings.Fields(os.Getenv("CHATS_SPECS"))...)
}

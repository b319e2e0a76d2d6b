package ops

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestLibrariesAreQuiet(t *testing.T) {
	for level, want := range map[slog.Level]string{slog.LevelInfo: "", slog.LevelDebug: "level=DEBUG msg=hello who=me"} {
		var out bytes.Buffer
		log := LibraryLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level})))
		log.With("who", "me").Warn("hello")
		if got := strings.TrimSpace(out.String()); !strings.HasSuffix(got, want) || want == "" && got != "" {
			t.Errorf("at %s: %q", level, got)
		}
	}
}

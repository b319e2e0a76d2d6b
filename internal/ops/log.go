package ops

import (
	"io"
	"log/slog"

	"bongsu.org/bongsu/internal/config"
)

// NewLogger makes the server's logger.
func NewLogger(w io.Writer, cfg config.Log) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.Level.Slog()}
	if cfg.Format == config.LogJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

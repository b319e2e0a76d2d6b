package main

import (
	"context"
	"log/slog"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/node"
	"bongsu.org/bongsu/internal/ops"
)

// startNode starts a real server.
func startNode(ctx context.Context, cfg config.Config, log *slog.Logger) (server, error) {
	slog.SetDefault(ops.LibraryLogger(log))
	n, err := node.Start(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// Command bench puts loads on Matrix homeservers and reports what they do: rates, latencies, losses, cost. It starts the
// servers itself, on loopback, and stops them again; or it takes the URL of a running one.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		cancel()
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "bench",
		Short:         "Measure Matrix homeservers under load",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(runCommand(), steadyCommand(), bigRoomCommand(), peerCommand(),
		idleCommand(), clientsCommand(), initialSyncCommand(), slidingSyncCommand(), encryptionCommand(), coldStartCommand(), sizesCommand(),
		floorCommand(), allCommand())
	return root
}

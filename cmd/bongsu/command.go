package main

import (
	"context"
	"io"
	"log/slog"
	"os"

	"bongsu.org/bongsu/internal/config"
	"github.com/spf13/cobra"
)

// program is what the commands work with. Tests put other parts in.
type program struct {
	// name is how the user called the program.
	name string
	env  []string
	in   io.Reader
	out  io.Writer
	errs io.Writer
	// signals are requests to stop.
	signals <-chan os.Signal
	// start starts a server.
	start func(context.Context, config.Config, *slog.Logger) (server, error)
	// accounts opens the accounts of a server's database.
	accounts func(context.Context, config.Config, *slog.Logger) (accounts, error)
}

// command makes the tree of commands.
func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "bongsu",
		Short: "A messenger to run yourself: a Matrix homeserver in one program",
		Long: `Bongsu is a Matrix homeserver: a messenger that a country, a city, a company or a family runs for itself.

With no settings at all it serves on 127.0.0.1:8008 and keeps everything in the folder "data":

    bongsu serve

Then make the first account, in another terminal:

    bongsu user add alice --admin

Every setting has a default that runs. "bongsu config print" shows all of them with what they are for.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          showHelp,
	}
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.errs)
	root.AddCommand(
		p.serveCommand(), p.userCommand(), p.noticeCommand(), p.mediaCommand(), p.statusCommand(),
		p.configCommand(), p.drillCommand(), p.migrateCommand(), p.pkiCommand(),
		p.versionCommand(), p.manCommand(),
	)
	return root
}

// showHelp is what a command does that only groups others. Being run, it refuses the names of commands that do not exist.
func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// execute runs the program with arguments.
func (p *program) execute(ctx context.Context, args []string) error {
	root := p.command()
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

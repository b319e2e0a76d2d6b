package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/ops"
	"bongsu.org/bongsu/internal/store"
)

func (p *program) migrateCommand() *cobra.Command {
	var flags *settingFlags
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Move a server from SQLite to PostgreSQL",
		Long: `Move everything from the SQLite database in the data folder to an empty PostgreSQL database, and compare the two row by row.

Stop the server first; the command refuses while one runs. If it ends early, run it again: it goes on where it was. A server does not start on
a database that is not whole. The SQLite database is only read, but for being brought up to this version: if anything goes wrong, start the
server without --database, and it is as before.

Clients notice nothing: accounts, tokens, keys and positions are the same. Uploaded files stay where they are, in the folder for media. The
index of words is made anew, by the server, in the background.`,
		Example: `  systemctl stop bongsu
  bongsu migrate --data /var/lib/bongsu --database postgres://bongsu:PASSWORD@db1,db2/bongsu
  # Then write the same database into bongsu.yaml, and start the server.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := flags.load(cmd, p.env)
			if err != nil {
				return err
			}
			return p.migrate(cmd.Context(), &cfg)
		},
	}
	flags = databaseFlags(cmd)
	flags.add(cmd, "lanes", "lanes", "N", "spread the rooms that are made later over `N` lanes")
	return cmd
}

func (p *program) migrate(ctx context.Context, cfg *config.Config) error {
	if !cfg.UsesPostgres() {
		return errors.New("say where to: --database postgres://USER:PASSWORD@HOST/NAME")
	}
	shown := newProgress(p.out)
	report, err := store.Transfer(ctx, store.TransferOptions{
		Dir: cfg.Data, URL: cfg.Database, Lanes: cfg.Lanes, Progress: shown.tell,
		Log: ops.NewLogger(p.errs, config.Log{Level: config.LogWarn, Format: cfg.Log.Format}),
	})
	shown.end()
	if err != nil {
		return fmt.Errorf("moving %s to %s: %w", cfg.SQLitePath(), config.HidePassword(cfg.Database), err)
	}
	return p.printTransferred(report)
}

func (p *program) printTransferred(report []store.TransferredTable) error {
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	// What fails here fails in Flush, too.
	_, _ = fmt.Fprintln(table, "TABLE\tROWS\tHASH")
	var rows int64
	for _, t := range report {
		if t.Rows > 0 {
			_, _ = fmt.Fprintf(table, "%s\t%d\t%s\n", t.Name, t.Rows, t.Hash)
		}
		rows += t.Rows
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return p.println(fmt.Sprintf("\n%d rows of %d tables are moved, and each was found to be the same. Write the database into the settings of the\n"+
		"server, and start it. Keep the SQLite file until you have seen it work.", rows, len(report)))
}

// barWidth is the width of the bar in characters.
const barWidth = 40

// linesEvery is how often a line is printed where there is no terminal.
const linesEvery = 5 * time.Second

// progress shows how far a transfer is: a bar on a terminal, else a line from time to time.
type progress struct {
	out      io.Writer
	terminal bool
	last     time.Time
	table    string
	open     bool // the bar's line is not ended
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

func (p *progress) tell(at store.TransferProgress) {
	pass := "moving"
	if at.Comparing {
		pass = "comparing"
	}
	share := 1.0
	if at.Total > 0 {
		share = float64(at.Done) / float64(at.Total)
	}
	// What cannot be printed is only lost to the eye.
	if p.terminal {
		filled := int(share * barWidth)
		p.open = true
		_, _ = fmt.Fprintf(p.out, "\r%-9s [%s%s] %3.0f%%  %-24s", pass, strings.Repeat("=", filled), strings.Repeat(" ", barWidth-filled), 100*share, at.Table)
		return
	}
	if name := pass + " " + at.Table; name != p.table || time.Since(p.last) >= linesEvery {
		p.table, p.last = name, time.Now()
		_, _ = fmt.Fprintf(p.out, "%s: %d of %d rows (%.0f%%)\n", name, at.Done, at.Total, 100*share)
	}
}

func (p *progress) end() {
	if p.open {
		_, _ = fmt.Fprintln(p.out)
	}
}

package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/media"
	"bongsu.org/bongsu/internal/ops"
	"bongsu.org/bongsu/internal/store"
	"github.com/spf13/cobra"
)

func (p *program) mediaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "media",
		Short: "Check and repair the stores of uploaded files",
		Long: `Hold the stores of uploaded files against the database and against each other. The commands may run beside the server. Give them the same
--data, --database and --config as "bongsu serve".`,
		Args: cobra.NoArgs,
		RunE: showHelp,
	}
	flags := databaseFlags(cmd)
	cmd.AddCommand(
		p.mediaWalkCommand(flags, false, &cobra.Command{
			Use:   "verify",
			Short: "Tell which files are missing or damaged, and where",
			Long: `Tell which files that the database names are missing or damaged, and where. It ends with an error if there is any. Without --deep it looks at
names and lengths, with --deep it reads everything.`,
			Example: "  bongsu media verify --deep --config /etc/bongsu.yaml",
		}),
		p.mediaWalkCommand(flags, true, &cobra.Command{
			Use:   "repair",
			Short: "Copy files to where they are missing or damaged",
			Long: `Copy files from a store that has them to those where they are missing, or damaged: after a store was lost and is back, or to fill a new
one. What was read is compared with its name first, so that nothing damaged is spread. It can be broken off, and run again.`,
			Example: "  bongsu media repair --config /etc/bongsu.yaml",
		}),
	)
	return cmd
}

// mediaWalkCommand makes a command that walks over all stores.
func (p *program) mediaWalkCommand(flags *settingFlags, repair bool, cmd *cobra.Command) *cobra.Command {
	var deep bool
	cmd.Args = cobra.NoArgs
	cmd.Flags().BoolVar(&deep, "deep", false, "read everything, instead of comparing lengths")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return p.withStore(cmd, flags, func(ctx context.Context, cfg config.Config, st *store.Store) error {
			many, clean, err := p.openMedia(cfg, st)
			if err != nil {
				return err
			}
			defer clean()
			report, err := many.Verify(ctx, st, media.VerifyOptions{Repair: repair, Deep: deep, Found: p.printBlob})
			if err != nil {
				return err
			}
			return p.printReport(report)
		})
	}
	return cmd
}

// openMedia opens the stores of the settings, with a spool of its own beside the running server's.
func (p *program) openMedia(cfg config.Config, st *store.Store) (_ *media.Many, clean func(), err error) {
	places := cfg.Media.Stores
	if len(places) == 0 {
		places = []string{cfg.MediaDirectory()}
	}
	var roots *x509.CertPool
	if cfg.CAFile != "" {
		if roots, err = x509.SystemCertPool(); err != nil {
			roots = x509.NewCertPool()
		}
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, nil, fmt.Errorf("reading ca_file: %w", err)
		}
		roots.AppendCertsFromPEM(pem) // which was checked with the settings
	}
	targets, err := media.OpenTargets(places, roots)
	if err != nil {
		return nil, nil, err
	}
	spool, err := os.MkdirTemp(cfg.Data, "media-repair-")
	if err != nil {
		return nil, nil, fmt.Errorf("making a folder for copies: %w", err)
	}
	clean = func() { _ = os.RemoveAll(spool) }
	many, err := media.NewMany(media.ManyOptions{
		Targets: targets, Required: 1, Spool: filepath.Join(spool, "spool"), Keep: media.Keep(st),
		Log: ops.NewLogger(p.errs, config.Log{Level: config.LogWarn, Format: cfg.Log.Format}),
	})
	if err != nil {
		clean()
		return nil, nil, err
	}
	return many, clean, nil
}

// printBlob prints a file that is not right everywhere.
func (p *program) printBlob(hash media.Hash, states []media.BlobState) {
	texts := make([]string, len(states))
	for i, state := range states {
		texts[i] = string(state)
	}
	_, _ = fmt.Fprintf(p.out, "%s  %s\n", hash, strings.Join(texts, "  ")) // what fails here fails with the report, too
}

var errMediaWrong = errors.New("files are missing or damaged")

// printReport prints what was found; its error tells that something is still wrong.
func (p *program) printReport(r media.Report) error {
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "STORE\tGOOD\tMISSING\tDAMAGED\tREPAIRED\tUNKNOWN\tUNNAMED")
	wrong := r.Lost > 0
	var failures []error
	for _, s := range r.Stores {
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\n", s.Name, s.Good, s.Missing, s.Wrong, s.Copied, s.Unknown, s.Unnamed)
		wrong = wrong || s.Missing > 0 || s.Wrong > 0
		failures = append(failures, s.Err)
	}
	_, _ = fmt.Fprintf(table, "%d files, of which %d are in no store\n", r.Contents, r.Lost)
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	if wrong {
		failures = append(failures, errMediaWrong)
	}
	return errors.Join(failures...)
}

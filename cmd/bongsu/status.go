package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"bongsu.org/bongsu/internal/capacity"
	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/store"
	"github.com/spf13/cobra"
)

var errStatus = errors.New("not all is well: see above")

func (p *program) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the sites, their databases and nodes, and whether one of them can be lost",
		Long: `Show the servers of the database with their roles, how far standbys are behind, the nodes of each site with what they do, and whether the sites
that are left could carry the busiest hour of the last day if one were lost. It ends with an error if they could not, or if the database takes
no writes. Give it the same --data, --database and --config as "bongsu serve".`,
		Example: "  bongsu status --config /etc/bongsu.yaml",
		Args:    cobra.NoArgs,
	}
	flags := databaseFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return p.withStore(cmd, flags, func(ctx context.Context, _ config.Config, st *store.Store) error {
			now := time.Now()
			var loads []store.NodeLoad
			err := st.Read(ctx, func(tx *store.Tx) (err error) {
				loads, err = tx.NodeLoads(ctx, now.Add(-capacity.Lookback).Truncate(time.Hour).UnixMilli())
				return err
			})
			if err != nil {
				return fmt.Errorf("reading what the nodes report: %w", err)
			}
			table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
			well := printDatabase(table, st.Database())
			well = printNodes(table, capacity.Judge(loads, now), now) && well
			if err := table.Flush(); err != nil {
				return fmt.Errorf("printing: %w", err)
			}
			if !well {
				return errStatus
			}
			return nil
		})
	}
	return cmd
}

// printDatabase prints the servers of the database; false if none takes writes. What fails to be written fails when the table is flushed,
// too, here and below.
func printDatabase(w io.Writer, db store.Database) bool {
	_, _ = fmt.Fprintln(w, "DATABASE\tROLE\tBEHIND")
	for _, s := range db.Servers {
		behind := "-"
		if s.Lag >= 0 {
			behind = config.Size(s.Lag).String()
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, s.Role, behind)
	}
	if db.Primary == "" {
		_, _ = fmt.Fprintln(w, "WARNING: no server of the database takes writes.")
	}
	return db.Primary != ""
}

// printNodes prints the nodes, and what the loss of each site would mean; false if the others could not carry the load.
func printNodes(w io.Writer, o capacity.Outlook, now time.Time) bool {
	_, _ = fmt.Fprintln(w, "\nSITE\tNODE\tVERSION\tSEEN\tPROCESSORS\tIN USE\tPEAK\tSENDS/S\tPEAK\tAT MOST")
	for _, n := range o.Nodes {
		seen := now.Sub(time.UnixMilli(n.SeenTS)).Round(time.Second).String() + " ago"
		if !n.Here {
			seen = "GONE, " + seen
		}
		most := "not known"
		if n.SendsMost > 0 {
			most = thousandths(n.SendsMost)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", siteName(n.Site), n.Node, n.Version, seen, n.Cores,
			thousandths(n.CPU), thousandths(n.PeakCPU), thousandths(n.Sends), thousandths(n.PeakSends), most)
	}
	if len(o.Nodes) == 0 {
		_, _ = fmt.Fprintln(w, "No node has reported yet: they do every half minute.")
	}
	if len(o.Losses) == 0 {
		_, _ = fmt.Fprintln(w, "\nThere is one site only: nothing goes on without it.")
		return true
	}
	well := true
	_, _ = fmt.Fprintln(w, "\nIF LOST\tPROCESSORS NEEDED\tLEFT\tSENDS/S NEEDED\tLEFT\t")
	for _, l := range o.Losses {
		verdict, left := "the others carry on", "not known"
		if !l.Fits() {
			verdict, well = "WARNING: TOO LITTLE IS LEFT", false
		}
		if l.LeftSends > 0 {
			left = thousandths(l.LeftSends)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", siteName(l.Site), thousandths(l.Need), thousandths(l.Left), thousandths(l.NeedSends), left,
			verdict)
	}
	return well
}

func siteName(site string) string {
	if site == "" {
		return "(no name)"
	}
	return site
}

func thousandths(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1000) }

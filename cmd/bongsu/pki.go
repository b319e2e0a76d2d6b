package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bongsu.org/bongsu/internal/pki"
)

// errDue ends `bongsu pki list` where something is to be done, for scripts that watch over certificates.
var errDue = errors.New("certificates are due: bongsu pki renew")

func (p *program) pkiCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pki",
		Short: "A private authority, and certificates for the parts of a cluster",
		Long: `Make and renew the certificates with which the parts of a cluster know each other: Bongsu's nodes, PostgreSQL, etcd, HAProxy.

They are for your own machines alone. What clients reach needs a certificate that they trust, such as one of Let's Encrypt.

The folder holds the authority's key: keep it on a machine that serves nobody, and a copy of it in another place. Nodes get ca.crt and their
own two files.`,
		Args: cobra.NoArgs,
		RunE: showHelp,
	}
	dir := cmd.PersistentFlags().String("dir", "pki", "the `DIR` that holds the authority")
	cmd.AddCommand(p.pkiAuthorityCommand(dir), p.pkiNodeCommand(dir), p.pkiClientCommand(dir), p.pkiListCommand(dir), p.pkiRenewCommand(dir))
	return cmd
}

func (p *program) pkiAuthorityCommand(dir *string) *cobra.Command {
	var name string
	var days int
	cmd := &cobra.Command{
		Use:     "ca",
		Short:   "Make the authority",
		Example: `  bongsu pki ca --dir /root/pki --name "Bongsu of example.org"`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := pki.Create(*dir, name, inDays(days)); err != nil {
				return fmt.Errorf("making the authority: %w", err)
			}
			return p.println(*dir + "/ca.crt is for every part; guard " + *dir + "/ca.key.")
		},
	}
	cmd.Flags().StringVar(&name, "name", "Bongsu", "what the authority is called")
	daysFlag(cmd, &days, pki.AuthorityLife)
	return cmd
}

func (p *program) pkiNodeCommand(dir *string) *cobra.Command {
	var hosts []string
	var days int
	cmd := &cobra.Command{
		Use:   "node NAME",
		Short: "Make a certificate for a machine that serves",
		Long: `Make a certificate for a machine that serves and calls others: a node of Bongsu, a PostgreSQL server, a member of etcd. It holds all
names and addresses by which others reach that machine.`,
		Example: "  bongsu pki node seoul --dir /root/pki --host seoul.example.org,10.1.0.1",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return p.issue(*dir, pki.Request{Name: args[0], Kind: pki.KindNode, Hosts: hosts, Life: inDays(days)})
		},
	}
	cmd.Flags().StringSliceVar(&hosts, "host", nil, "`NAMES` and addresses by which it is reached, separated by commas")
	daysFlag(cmd, &days, pki.LeafLife)
	return cmd
}

func (p *program) pkiClientCommand(dir *string) *cobra.Command {
	var days int
	cmd := &cobra.Command{
		Use:   "client NAME",
		Short: "Make a certificate for one who only calls others",
		Long: `Make a certificate for one who only calls others. PostgreSQL takes its name for the role: a line "hostssl bongsu bongsu all cert" in
pg_hba.conf lets in the holder of the certificate bongsu.`,
		Example: "  bongsu pki client bongsu --dir /root/pki",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return p.issue(*dir, pki.Request{Name: args[0], Kind: pki.KindClient, Life: inDays(days)})
		},
	}
	daysFlag(cmd, &days, pki.LeafLife)
	return cmd
}

func (p *program) issue(dir string, r pki.Request) error {
	a, err := pki.Open(dir)
	if err != nil {
		return fmt.Errorf("opening the authority: %w", err)
	}
	if err := a.Issue(r); err != nil {
		return fmt.Errorf("making the certificate: %w", err)
	}
	return p.println(fmt.Sprintf("%s/%s.crt and %[1]s/%[2]s.key are made.", dir, r.Name))
}

func (p *program) pkiListCommand(dir *string) *cobra.Command {
	var within int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the certificates, and say which are due",
		Long:  "List the certificates and when they end. The exit code is 1 if one has ended, or will within the given days.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			all, err := pki.List(*dir)
			if err != nil {
				return fmt.Errorf("reading the certificates: %w", err)
			}
			if len(all) == 0 {
				return fmt.Errorf("there is no certificate in %s", *dir)
			}
			table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(table, "NAME\tKIND\tENDS\tHOSTS")
			due := false
			for _, c := range all {
				note := ""
				if left := time.Until(c.NotAfter); left < inDays(within) {
					due, note = true, " (due)"
					if left < 0 {
						note = " (ended)"
					}
				}
				// What fails here fails in Flush, too.
				_, _ = fmt.Fprintf(table, "%s\t%s\t%s%s\t%s\n", c.Name, c.Kind, c.NotAfter.Format(time.DateOnly), note, strings.Join(c.Hosts, " "))
			}
			if err := table.Flush(); err != nil {
				return fmt.Errorf("printing: %w", err)
			}
			if due {
				return errDue
			}
			return nil
		},
	}
	withinFlag(cmd, &within)
	return cmd
}

func (p *program) pkiRenewCommand(dir *string) *cobra.Command {
	var within int
	cmd := &cobra.Command{
		Use:   "renew",
		Short: "Make anew what is due",
		Long: `Make certificates anew, with new keys, that end within the given days. Copy them to their machines: Bongsu takes up new files within a
minute, PostgreSQL at a reload, etcd by itself.

The authority is not renewed. When it is due make another in another folder, let every part trust both (concatenate the two ca.crt), and then
issue anew.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			a, err := pki.Open(*dir)
			if err != nil {
				return fmt.Errorf("opening the authority: %w", err)
			}
			names, err := a.Renew(inDays(within))
			for _, name := range names {
				if err := p.println(name + " is renewed."); err != nil {
					return err
				}
			}
			if err != nil {
				return fmt.Errorf("renewing: %w", err)
			}
			if len(names) == 0 {
				return p.println("Nothing is due.")
			}
			return nil
		},
	}
	withinFlag(cmd, &within)
	return cmd
}

const day = 24 * time.Hour

func inDays(days int) time.Duration { return time.Duration(days) * day }

func daysFlag(cmd *cobra.Command, days *int, usual time.Duration) {
	cmd.Flags().IntVar(days, "days", int(usual/day), "for how many `DAYS` it is good")
}

func withinFlag(cmd *cobra.Command, days *int) {
	cmd.Flags().IntVar(days, "within", int(pki.RenewWithin/day), "what ends within so many `DAYS` is due")
}

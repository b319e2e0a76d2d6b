package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/notices"
	"bongsu.org/bongsu/internal/ops"
	"bongsu.org/bongsu/internal/store"
	"github.com/spf13/cobra"
)

// maxNoticeText bounds a notice that is read from standard input.
const maxNoticeText = 64 << 10

func (p *program) noticeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "notice",
		Short: "Tell users something in the name of the server",
		Long: `Send server notices: messages in a room that each user has for what the server has to say. The commands write into the server's
database, whether the server runs or not, and the running server sends, within a few seconds. Give them the same --data, --database and --config
as "bongsu serve".`,
		Args: cobra.NoArgs,
		RunE: showHelp,
	}
	flags := databaseFlags(cmd)
	cmd.AddCommand(p.noticeSendCommand(flags), p.noticeClearCommand(flags), p.noticeListCommand(flags))
	return cmd
}

func (p *program) noticeSendCommand(flags *settingFlags) *cobra.Command {
	var all bool
	var n notices.Notice
	var contact string
	cmd := &cobra.Command{
		Use:   "send (USER | --all) TEXT",
		Short: "Send a notice to one user or to all",
		Long: `Send a notice to one user or to all. With - for TEXT it is read from standard input. What is sent to all reaches everybody who has an
account now, once, also when servers stop meanwhile.`,
		Example: `  bongsu notice send alice "Your account moves on Sunday."
  bongsu notice send --all --pin - < maintenance.txt
  bongsu notice send --all --pin --usage-limit mailto:admin@example.org "The server is full."`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			to, text, err := noticeArguments(all, args)
			if err != nil {
				return err
			}
			if n.Body, err = p.noticeText(text); err != nil {
				return err
			}
			if contact != "" {
				n.Kind, n.AdminContact, n.LimitType = notices.KindUsageLimit, contact, notices.LimitMonthlyActive
			}
			return p.queueNotice(cmd, flags, to, n)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "send it to everybody")
	cmd.Flags().BoolVar(&n.Pin, "pin", false, "show it as active until another one is pinned, or until it is cleared")
	cmd.Flags().StringVar(&contact, "usage-limit", "", "say that the server has reached its limit of users, and how to reach its administrator (`URI`)")
	return cmd
}

// noticeArguments takes USER TEXT, or TEXT alone for all.
func noticeArguments(all bool, args []string) (to, text string, err error) {
	switch {
	case all && len(args) == 1:
		return "", args[0], nil
	case !all && len(args) == 2:
		return args[0], args[1], nil
	case all:
		return "", "", errors.New("with --all, give the text alone, in quotes")
	}
	return "", "", errors.New("give the user and the text, which must be in quotes, or --all and the text")
}

func (p *program) noticeText(text string) (string, error) {
	if text != "-" {
		return text, nil
	}
	raw, err := io.ReadAll(io.LimitReader(p.in, maxNoticeText))
	if err != nil {
		return "", fmt.Errorf("reading the text: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

func (p *program) noticeClearCommand(flags *settingFlags) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:     "clear (USER | --all)",
		Short:   "End what is shown as active",
		Long:    "End the notice that is shown as active, for one user or for all. It stays in the room.",
		Example: "  bongsu notice clear --all",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) == 1) {
				return errors.New("give a user, or --all")
			}
			to := ""
			if !all {
				to = args[0]
			}
			return p.queueNotice(cmd, flags, to, notices.Notice{Unpin: true})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "for everybody")
	return cmd
}

// queueNotice asks for a notice, to a user whom the caller named or to all.
func (p *program) queueNotice(cmd *cobra.Command, flags *settingFlags, to string, n notices.Notice) error {
	return p.withStore(cmd, flags, func(ctx context.Context, cfg config.Config, st *store.Store) error {
		if to != "" {
			local, err := localpart(to, cfg.ServerName)
			if err != nil {
				return err
			}
			n.To = "@" + local + ":" + cfg.ServerName
			err = st.Read(ctx, func(tx *store.Tx) error {
				_, err := tx.User(ctx, n.To)
				return err
			})
			if errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("there is no user %s", n.To)
			}
			if err != nil {
				return fmt.Errorf("looking for %s: %w", n.To, err)
			}
		}
		id, err := notices.Queue(ctx, st, n)
		if err != nil {
			return err
		}
		return p.println("Notice " + id + " will be sent by the running server. See: bongsu notice list")
	})
}

// shownNotices is how many notices are listed.
const shownNotices = 50

func (p *program) noticeListCommand(flags *settingFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the newest notices, and how far they have got",
		Example: "  bongsu notice list --data /var/lib/bongsu",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withStore(cmd, flags, func(ctx context.Context, _ config.Config, st *store.Store) error {
				var rows []store.Notice
				err := st.Read(ctx, func(tx *store.Tx) (err error) {
					rows, err = tx.Notices(ctx, shownNotices)
					return err
				})
				if err != nil {
					return fmt.Errorf("listing the notices: %w", err)
				}
				table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				// What fails here fails in Flush, too.
				_, _ = fmt.Fprintln(table, "NOTICE\tMADE\tTO\tSENT\tFAILED\tSTATE")
				for i := range rows {
					n := &rows[i]
					to := n.UserID
					if to == "" {
						to = "all"
					}
					_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%s\n", n.ID, time.UnixMilli(n.CreatedTS).UTC().Format(time.DateTime), to,
						n.Sent, n.Failed, noticeState(n))
				}
				if err := table.Flush(); err != nil {
					return fmt.Errorf("printing: %w", err)
				}
				return nil
			})
		},
	}
}

func noticeState(n *store.Notice) string {
	switch {
	case n.FinishedTS != 0:
		return "sent"
	case n.Holder != "":
		return "being sent"
	}
	return "waiting"
}

// withStore opens the database, does something with it, and closes it. The settings have the name of the server that the database is of.
func (p *program) withStore(cmd *cobra.Command, flags *settingFlags, do func(context.Context, config.Config, *store.Store) error) error {
	cfg, err := flags.load(cmd, p.env)
	if err != nil {
		return err
	}
	st, err := openStore(cmd.Context(), cfg, ops.NewLogger(p.errs, config.Log{Level: config.LogWarn, Format: cfg.Log.Format}))
	if err != nil {
		return err
	}
	defer st.Close()
	name, err := st.OnceMeta(cmd.Context(), "server_name", func() ([]byte, error) { return []byte(cfg.ServerName), nil })
	if err != nil {
		return fmt.Errorf("reading the server's name: %w", err)
	}
	cfg.ServerName = string(name)
	return do(cmd.Context(), cfg, st)
}

package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/ops"
	"github.com/spf13/cobra"
)

// accounts is what the commands do with the accounts of a server.
type accounts interface {
	// ServerName is the name of the server that the database was made for.
	ServerName() string
	// Add makes an account and returns its user id.
	Add(ctx context.Context, localpart, password string, admin bool) (string, error)
	// SetPassword changes a password and ends all logins of the user.
	SetPassword(ctx context.Context, userID, password string) error
	// Deactivate closes an account for ever.
	Deactivate(ctx context.Context, userID string) error
	// List calls visit for each account, in the order of their ids.
	List(ctx context.Context, visit func(accountLine) error) error
	// Close closes the database.
	Close()
}

// accountLine is what the list shows of an account.
type accountLine struct {
	UserID      string
	Created     time.Time
	Admin       bool
	Guest       bool
	Deactivated bool
	Locked      bool
	Suspended   bool
}

func (p *program) userCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Make, change and list accounts",
		Long: `Make, change and list the accounts of a server. The commands work on the server's database, whether the server runs or not:
give them the same --data, --database and --config as "bongsu serve".`,
		Args: cobra.NoArgs,
		RunE: showHelp,
	}
	flags := databaseFlags(cmd)
	cmd.AddCommand(p.userAddCommand(flags), p.userPasswordCommand(flags), p.userDeactivateCommand(flags), p.userListCommand(flags))
	return cmd
}

func (p *program) userAddCommand(flags *settingFlags) *cobra.Command {
	var admin, stdin bool
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Make an account",
		Long:  "Make an account. A password is made and printed, unless you give one.",
		Example: `  bongsu user add alice --admin
  printf '%s' "$PASSWORD" | bongsu user add bob --password-stdin`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := p.password(stdin)
			if err != nil {
				return err
			}
			return p.withAccounts(cmd, flags, func(ctx context.Context, a accounts) error {
				name, err := localpart(args[0], a.ServerName())
				if err != nil {
					return err
				}
				userID, err := a.Add(ctx, name, password, admin)
				if err != nil {
					return fmt.Errorf("adding %s: %w", args[0], err)
				}
				return p.printPassword(userID, password, stdin)
			})
		},
	}
	cmd.Flags().BoolVar(&admin, "admin", false, "make the account an administrator")
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from the first line of standard input")
	return cmd
}

func (p *program) userPasswordCommand(flags *settingFlags) *cobra.Command {
	var stdin bool
	cmd := &cobra.Command{
		Use:     "passwd NAME",
		Short:   "Give an account a new password",
		Long:    "Give an account a new password, and end all its logins. A password is made and printed, unless you give one.",
		Example: "  bongsu user passwd alice",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := p.password(stdin)
			if err != nil {
				return err
			}
			return p.withUser(cmd, flags, args[0], func(ctx context.Context, a accounts, userID string) error {
				if err := a.SetPassword(ctx, userID, password); err != nil {
					return fmt.Errorf("changing the password of %s: %w", userID, err)
				}
				return p.printPassword(userID, password, stdin)
			})
		},
	}
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from the first line of standard input")
	return cmd
}

func (p *program) userDeactivateCommand(flags *settingFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "deactivate NAME",
		Short: "Close an account for ever",
		Long: `Close an account: its logins end, and nobody can ever use its name again. It leaves its rooms at the latest when the server starts
next. This cannot be undone.`,
		Example: "  bongsu user deactivate mallory",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withUser(cmd, flags, args[0], func(ctx context.Context, a accounts, userID string) error {
				if err := a.Deactivate(ctx, userID); err != nil {
					return fmt.Errorf("deactivating %s: %w", userID, err)
				}
				return p.println(userID + " is closed.")
			})
		},
	}
}

func (p *program) userListCommand(flags *settingFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the accounts",
		Example: "  bongsu user list --data /var/lib/bongsu",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withAccounts(cmd, flags, func(ctx context.Context, a accounts) error {
				table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				// What fails here fails in Flush, too.
				_, _ = fmt.Fprintln(table, "USER\tSINCE\tKIND")
				err := a.List(ctx, func(line accountLine) error {
					_, err := fmt.Fprintf(table, "%s\t%s\t%s\n", line.UserID, line.Created.Format(time.DateOnly), kind(line))
					return err
				})
				if err != nil {
					return fmt.Errorf("listing the accounts: %w", err)
				}
				if err := table.Flush(); err != nil {
					return fmt.Errorf("printing: %w", err)
				}
				return nil
			})
		},
	}
}

func kind(line accountLine) string {
	switch {
	case line.Deactivated:
		return "deactivated"
	case line.Locked:
		return "locked"
	case line.Suspended:
		return "suspended"
	case line.Guest:
		return "guest"
	case line.Admin:
		return "administrator"
	}
	return "user"
}

// withAccounts opens the accounts, does something with them, and closes them.
func (p *program) withAccounts(cmd *cobra.Command, flags *settingFlags, do func(context.Context, accounts) error) error {
	cfg, err := flags.load(cmd, p.env)
	if err != nil {
		return err
	}
	log := ops.NewLogger(p.errs, config.Log{Level: config.LogWarn, Format: cfg.Log.Format})
	a, err := p.accounts(cmd.Context(), cfg, log)
	if err != nil {
		return err
	}
	defer a.Close()
	return do(cmd.Context(), a)
}

// withUser does something with one account, which is named alice or @alice:example.org.
func (p *program) withUser(cmd *cobra.Command, flags *settingFlags, name string, do func(context.Context, accounts, string) error) error {
	return p.withAccounts(cmd, flags, func(ctx context.Context, a accounts) error {
		local, err := localpart(name, a.ServerName())
		if err != nil {
			return err
		}
		return do(ctx, a, "@"+local+":"+a.ServerName())
	})
}

// localpart takes the name of an account of this server out of alice or @alice:example.org.
func localpart(name, serverName string) (string, error) {
	if !strings.HasPrefix(name, "@") {
		return name, nil
	}
	local, domain, _ := strings.Cut(name[1:], ":")
	if domain != serverName {
		return "", fmt.Errorf("%s is not a user of this server, which is %s", name, serverName)
	}
	return local, nil
}

// maxPassword bounds a password that is read.
const maxPassword = 512

// password reads a password, or makes one.
func (p *program) password(stdin bool) (string, error) {
	if !stdin {
		return rand.Text(), nil
	}
	line, err := bufio.NewReaderSize(p.in, maxPassword).ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fmt.Errorf("the password is longer than %d bytes", maxPassword)
	}
	password := strings.TrimRight(string(line), "\r\n")
	if password == "" {
		return "", errors.New("there is no password on standard input")
	}
	return password, nil
}

func (p *program) printPassword(userID, password string, given bool) error {
	text := "User id:  " + userID
	if !given {
		text += "\nPassword: " + password
	}
	return p.println(text)
}

func (p *program) println(text string) error {
	if _, err := fmt.Fprintln(p.out, text); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

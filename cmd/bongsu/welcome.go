package main

import (
	"fmt"
	"net"
	"strings"

	"bongsu.org/bongsu/internal/config"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// welcome prints where the server is, and at the first start how to make the first account.
func (p *program) welcome(cfg *config.Config, s server, arguments string) error {
	url := "http://" + reachable(s.Addr())
	store := "SQLite in " + cfg.SQLitePath()
	if cfg.UsesPostgres() {
		store = config.HidePassword(cfg.Database)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Bongsu serves %s at %s\nDatabase: %s\n", cfg.ServerName, url, store)
	if token, first := s.FirstRun(); first {
		fmt.Fprintf(&text, "\nThere is no account yet. Make the first one, an administrator, in another terminal:\n\n    %s user add alice --admin%s\n",
			p.name, arguments)
		switch {
		case cfg.Registration == config.RegistrationOpen:
			fmt.Fprintf(&text, "\nAnyone may register, with any Matrix client, at the homeserver %s\n", url)
		case cfg.Registration == config.RegistrationToken && token != "":
			fmt.Fprintf(&text, "\nOthers may register, with any Matrix client, at the homeserver %s and with the registration token\n\n    %s\n", url, token)
		}
	}
	if _, err := fmt.Fprintln(p.out, text.String()); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// reachable turns the address that a server listens on into one that a client on this machine can open.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// databaseArguments repeats the flags that other commands need to find the same database. The database's URL is left out, since it may
// hold a password: a placeholder stands for it.
func databaseArguments(cmd *cobra.Command) string {
	var arguments strings.Builder
	cmd.Flags().Visit(func(f *pflag.Flag) {
		value := f.Value.String()
		switch f.Name {
		case "database":
			value = config.HidePassword(value)
		case "config", "data", "server-name":
		default:
			return
		}
		arguments.WriteString(" --" + f.Name + " " + quote(value))
	})
	return arguments.String()
}

// quote makes a value one word of a shell.
func quote(value string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:,@%+=", r)
	}
	if value != "" && !strings.ContainsFunc(value, func(r rune) bool { return !safe(r) }) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

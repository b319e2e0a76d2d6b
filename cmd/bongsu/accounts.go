package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/store"
)

// database is the accounts of a server's database, opened beside the server or without it.
type database struct {
	store   *store.Store
	service *account.Service
}

// openStore opens the database that the settings name. It makes no SQLite database: a mistyped folder would else look like a server
// without accounts.
func openStore(ctx context.Context, cfg config.Config, log *slog.Logger) (*store.Store, error) {
	if !cfg.UsesPostgres() {
		if _, err := os.Stat(cfg.SQLitePath()); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no database in %s: name the server's folder with --data, or start the server once", cfg.Data)
		}
	}
	st, err := store.Open(ctx, store.Options{URL: cfg.Database, Dir: cfg.Data, Lanes: cfg.Lanes, Log: log})
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	return st, nil
}

// openAccounts opens the accounts of the database that the settings name.
func openAccounts(ctx context.Context, cfg config.Config, log *slog.Logger) (accounts, error) {
	st, err := openStore(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	name, err := st.OnceMeta(ctx, "server_name", func() ([]byte, error) { return []byte(cfg.ServerName), nil })
	if err != nil {
		st.Close()
		return nil, fmt.Errorf("reading the server's name: %w", err)
	}
	return &database{store: st, service: account.New(account.Options{ServerName: string(name), Store: st, Log: log})}, nil
}

// ServerName implements accounts.
func (d *database) ServerName() string { return d.service.ServerName }

// Add implements accounts.
func (d *database) Add(ctx context.Context, localpart, password string, admin bool) (string, error) {
	return d.service.CreateUser(ctx, localpart, password, admin)
}

// SetPassword implements accounts.
func (d *database) SetPassword(ctx context.Context, userID, password string) error {
	return d.service.SetPassword(ctx, userID, password)
}

// Deactivate implements accounts.
func (d *database) Deactivate(ctx context.Context, userID string) error {
	return d.service.Deactivate(ctx, userID, false)
}

// pageSize is how many accounts are read at a time.
const pageSize = 500

// List implements accounts.
func (d *database) List(ctx context.Context, visit func(accountLine) error) error {
	for after := ""; ; {
		page, err := d.service.List(ctx, after, pageSize)
		if err != nil {
			return err
		}
		for i := range page {
			u := &page[i]
			line := accountLine{
				UserID: u.ID, Created: time.UnixMilli(u.CreatedTS).UTC(), Admin: u.Admin, Guest: u.Guest, Deactivated: u.Deactivated,
				Locked: u.Locked, Suspended: u.Suspended,
			}
			if err := visit(line); err != nil {
				return err
			}
			after = u.ID
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// Close implements accounts.
func (d *database) Close() {
	d.service.Close()
	d.store.Close()
}

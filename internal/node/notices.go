package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/notices"
	"bongsu.org/bongsu/internal/store"
)

// findNoticesUser finds out whom server notices come from. Where somebody has had the name since before there were notices, there are none: a
// person's rooms are not to be taken for the server's.
func (p *parts) findNoticesUser(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	if cfg.Notices.User == "" {
		return nil
	}
	id := "@" + cfg.Notices.User + ":" + cfg.ServerName
	var u store.User
	err := p.store.Read(ctx, func(tx *store.Tx) (err error) {
		u, err = tx.User(ctx, id)
		return err
	})
	switch {
	case err == nil && u.Type != store.NoticesUserType:
		log.Warn("there are no server notices: somebody has the account that they would come from; set notices.user", "user", id)
		return nil
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("looking for the account of server notices: %w", err)
	}
	p.noticesUser = id
	return nil
}

// reserved tells whether nobody may register a user id.
func (p *parts) reserved(userID string) bool {
	return userID == p.noticesUser || p.appservices.ReservedUser(userID, nil)
}

func (p *parts) startNotices(ctx context.Context, cfg *config.Config, log *slog.Logger) {
	p.notices = notices.Start(ctx, notices.Options{
		Store: p.store, Rooms: p.rooms, Accounts: p.accounts, UserID: p.noticesUser, Name: cfg.Notices.Name, Skip: p.reserved,
		NodeID: p.bus.NodeID(), Log: log,
	})
	p.later(func(context.Context) { p.notices.Close() })
}

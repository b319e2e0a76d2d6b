package floor

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"

	"bongsu.org/bongsu/bench/internal/client"
	"bongsu.org/bongsu/internal/store"
)

// accountBatch is how many accounts are made in a transaction.
const accountBatch = 500

// Accounts adds n signed-in accounts to the database of a server that is stopped. They have no password: hashing ten thousand
// would take minutes, and a load never asks for it.
func Accounts(ctx context.Context, o store.Options, prefix string, n int) ([]client.Session, error) {
	s, err := store.Open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	defer s.Close()
	users := make([]client.Session, n)
	for i := range users {
		name := prefix + strconv.Itoa(i)
		users[i] = client.Session{UserID: "@" + name + ":localhost", DeviceID: "BENCH", Token: "bench_" + name}
	}
	now := time.Now().UnixMilli()
	for at := 0; at < n; at += accountBatch {
		err := s.Write(ctx, func(tx *store.Tx) error {
			for _, u := range users[at:min(n, at+accountBatch)] {
				if err := addAccount(ctx, tx, u, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("writing accounts: %w", err)
		}
	}
	return users, nil
}

func addAccount(ctx context.Context, tx *store.Tx, u client.Session, now int64) error {
	if err := tx.InsertUser(ctx, store.User{ID: u.UserID, CreatedTS: now}); err != nil {
		return err
	}
	if err := tx.PutDevice(ctx, store.Device{UserID: u.UserID, ID: u.DeviceID, CreatedTS: now, LastSeenTS: now}); err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(u.Token))
	return tx.InsertAccessToken(ctx, store.AccessToken{Hash: hash[:], UserID: u.UserID, DeviceID: u.DeviceID})
}

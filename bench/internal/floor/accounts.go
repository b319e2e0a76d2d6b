package floor

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"time"

	"bongsu.org/bongsu/bench/internal/client"
	"bongsu.org/bongsu/internal/store"
)

// accountBatch is how many accounts are made in a transaction.
const accountBatch = 500

// Accounts adds n accounts, signed in on so many devices each, to the database of a server that is stopped. They have no password:
// hashing ten thousand would take minutes, and a load never asks for it. The sessions of one account stand beside each other.
func Accounts(ctx context.Context, o store.Options, prefix string, n, devices int) ([]client.Session, error) {
	s, err := store.Open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	defer s.Close()
	users := make([]client.Session, 0, n*devices)
	for i := range n {
		name := prefix + strconv.Itoa(i)
		for d := range devices {
			device := "BENCH" + strconv.Itoa(d)
			users = append(users, client.Session{UserID: "@" + name + ":localhost", DeviceID: device, Token: "bench_" + name + device})
		}
	}
	now := time.Now().UnixMilli()
	for piece := range slices.Chunk(users, accountBatch*devices) {
		err := s.Write(ctx, func(tx *store.Tx) error {
			for account := range slices.Chunk(piece, devices) {
				if err := addAccount(ctx, tx, account, now); err != nil {
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

func addAccount(ctx context.Context, tx *store.Tx, devices []client.Session, now int64) error {
	if err := tx.InsertUser(ctx, store.User{ID: devices[0].UserID, CreatedTS: now}); err != nil {
		return err
	}
	for _, d := range devices {
		if err := tx.PutDevice(ctx, store.Device{UserID: d.UserID, ID: d.DeviceID, CreatedTS: now, LastSeenTS: now}); err != nil {
			return err
		}
		hash := sha256.Sum256([]byte(d.Token))
		if err := tx.InsertAccessToken(ctx, store.AccessToken{Hash: hash[:], UserID: d.UserID, DeviceID: d.DeviceID}); err != nil {
			return err
		}
	}
	return nil
}

package account

import (
	"context"
	"errors"
	"fmt"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

var (
	errConnected = mxerr.Forbiddenf("You sign in with another account there already, or this one belongs to somebody else here")
	errOnlyWay   = mxerr.Forbiddenf("You could not sign in any more: choose a password first")
)

// ConnectExternal lets a user, who is signed in, sign in from now on as whom a provider vouches for. M_FORBIDDEN if that is somebody else
// here, or if the user is connected with another person of the same provider.
func (s *Service) ConnectExternal(ctx context.Context, e External, userID string) error {
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		u, err := tx.LockUser(ctx, userID)
		if err != nil {
			return err
		}
		if err := s.linkable(ctx, tx, u, e); errors.Is(err, errForeign) {
			return errConnected
		} else if err != nil {
			return err
		}
		err = tx.InsertExternalID(ctx, s.externalID(e, userID))
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		known, err := tx.MeetExternalID(ctx, e.Issuer, e.Subject, clip(e.Email, maxEmail))
		if err == nil && known.UserID != userID {
			return errConnected
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("connecting %s with a provider: %w", userID, err)
	}
	return nil
}

// DisconnectExternal ends that a user can sign in with a provider. M_FORBIDDEN if it is the only way that the user has.
func (s *Service) DisconnectExternal(ctx context.Context, userID, issuer string) error {
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		u, err := tx.LockUser(ctx, userID)
		if err != nil {
			return err
		}
		ids, err := tx.ExternalIDs(ctx, userID)
		if err != nil {
			return err
		}
		others := 0
		for _, id := range ids {
			if id.Issuer != issuer {
				others++
			}
		}
		if u.PasswordHash == "" && others == 0 {
			return errOnlyWay
		}
		return tx.DeleteExternalIDs(ctx, userID, issuer)
	})
	if err != nil {
		return fmt.Errorf("disconnecting %s from a provider: %w", userID, err)
	}
	return nil
}

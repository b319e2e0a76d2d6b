package account

import (
	"context"
	"encoding/json"
	"fmt"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// EnsureNoticesUser makes the account that server notices come from, unless it is there. Nobody can log in to it.
func (s *Service) EnsureNoticesUser(ctx context.Context, userID, displayName string) error {
	name, err := json.Marshal(displayName)
	if err != nil {
		return err
	}
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		ok, err := tx.EnsureUserOfType(ctx, store.User{ID: userID, Type: store.NoticesUserType, CreatedTS: s.nowMS()})
		if err != nil {
			return err
		}
		if !ok {
			return mxerr.InvalidParamf("%s is somebody's account: set notices.user to a name that nobody has", userID)
		}
		return tx.PutProfileField(ctx, userID, store.ProfileField{Name: "displayname", Value: name})
	})
	if err != nil {
		return fmt.Errorf("making the account for server notices: %w", err)
	}
	return nil
}

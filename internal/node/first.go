package node

import (
	"context"
	"fmt"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/config"
)

// firstRun tells whether there is no account yet. Where registration needs a token, one is made at the first start.
func firstRun(ctx context.Context, cfg *config.Config, accounts *account.Service) (token string, first bool, err error) {
	if cfg.Registration == config.RegistrationToken {
		if token, err = accounts.EnsureFirstToken(ctx); err != nil {
			return "", false, fmt.Errorf("making a registration token: %w", err)
		}
	}
	users, err := accounts.List(ctx, "", 1)
	if err != nil {
		return "", false, fmt.Errorf("looking for accounts: %w", err)
	}
	return token, len(users) == 0, nil
}

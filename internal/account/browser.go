package account

import (
	"context"

	"bongsu.org/bongsu/internal/store"
)

// VerifyPassword returns the user whom an identifier names if the password is theirs and they may log in.
func (s *Service) VerifyPassword(ctx context.Context, id Identifier, password string) (userID string, err error) {
	if userID, err = s.Identify(id); err != nil {
		return "", err
	}
	u, err := s.verifyPassword(ctx, userID, password)
	if err != nil {
		return "", err
	}
	return u.ID, CheckAdmission(u)
}

// CheckAdmission tells whether somebody who has proved who they are may come in: nil if so.
func CheckAdmission(u store.User) error {
	switch {
	case u.Deactivated:
		return errDeactivated
	case u.Locked:
		return ErrLocked
	}
	return nil
}

package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// External is who a person is at a provider of single sign-on, which has vouched for it.
type External struct {
	// Issuer and Subject together are the person, for ever.
	Issuer, Subject string
	Email           string // empty: not known
}

// errForeign keeps an account from being taken over by another person of the same provider, to whom its name was given there.
var errForeign = mxerr.Forbiddenf("The account of this name belongs to somebody else")

// ExternalUser is the user whom a provider vouches for; store.ErrNotFound if the person has no account yet. Who is deactivated or locked is
// not let in.
func (s *Service) ExternalUser(ctx context.Context, e External) (userID string, err error) {
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		userID, err = met(ctx, tx, e)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("finding who signs in: %w", err)
	}
	return userID, nil
}

func met(ctx context.Context, tx *store.Tx, e External) (userID string, err error) {
	known, err := tx.MeetExternalID(ctx, e.Issuer, e.Subject, clip(e.Email, maxEmail))
	if err != nil {
		return "", err
	}
	u, err := tx.LockUser(ctx, known.UserID)
	if err != nil {
		return "", err
	}
	return u.ID, CheckAdmission(u)
}

// maxEmail: RFC 5321, 4.5.3.1.3: a path has at most 256 bytes.
const maxEmail = 256

// RegisterExternal makes an account for a person whom a provider vouches for, without a password. If the person got one meanwhile, it is
// that one. A name that is taken is M_USER_IN_USE or M_EXCLUSIVE, one that cannot be M_INVALID_USERNAME.
func (s *Service) RegisterExternal(ctx context.Context, e External, localpart, displayName string) (userID string, err error) {
	id, err := s.newUserID(localpart)
	if err != nil {
		return "", err
	}
	if err := s.checkReserved(id); err != nil {
		return "", err
	}
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		userID = id
		err := tx.InsertExternalID(ctx, s.externalID(e, id))
		if errors.Is(err, store.ErrConflict) {
			userID, err = met(ctx, tx, e)
			return err
		}
		if err != nil {
			return err
		}
		return s.insertExternal(ctx, tx, id, displayName)
	})
	if err != nil {
		return "", fmt.Errorf("making the account %s: %w", id, err)
	}
	return userID, nil
}

func (s *Service) externalID(e External, userID string) store.ExternalID {
	return store.ExternalID{Issuer: e.Issuer, Subject: e.Subject, UserID: userID, Email: clip(e.Email, maxEmail), LinkedTS: s.nowMS()}
}

func (s *Service) insertExternal(ctx context.Context, tx *store.Tx, userID, displayName string) error {
	err := tx.InsertUser(ctx, store.User{ID: userID, CreatedTS: s.nowMS()})
	if errors.Is(err, store.ErrConflict) {
		return errUserInUse
	}
	if err != nil || displayName == "" {
		return err
	}
	name, err := json.Marshal(clip(displayName, maxCopied))
	if err != nil {
		return err
	}
	return tx.PutProfileField(ctx, userID, store.ProfileField{Name: FieldDisplayName, Value: name})
}

// LinkExternal gives a person whom a provider vouches for the account that is there under a name; store.ErrNotFound if there is none.
// An account that another person of the same provider has, or one without a person such as a guest's, is not given: M_FORBIDDEN.
func (s *Service) LinkExternal(ctx context.Context, e External, localpart string) (userID string, err error) {
	id, err := s.newUserID(localpart)
	if err != nil {
		return "", err
	}
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		userID = id
		u, err := tx.LockUser(ctx, id)
		if err != nil {
			return err
		}
		if err := s.linkable(ctx, tx, u, e); err != nil {
			return err
		}
		err = tx.InsertExternalID(ctx, s.externalID(e, id))
		if errors.Is(err, store.ErrConflict) {
			userID, err = met(ctx, tx, e)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("linking the account %s: %w", id, err)
	}
	return userID, nil
}

func (s *Service) linkable(ctx context.Context, tx *store.Tx, u store.User, e External) error {
	if err := CheckAdmission(u); err != nil {
		return err
	}
	if u.Guest || s.checkReserved(u.ID) != nil {
		return errForeign
	}
	linked, err := tx.ExternalIDs(ctx, u.ID)
	if err != nil {
		return err
	}
	for _, l := range linked {
		if l.Issuer == e.Issuer && l.Subject != e.Subject {
			return errForeign
		}
	}
	return nil
}

// ExternalIDs lists who a user is at providers of single sign-on.
func (s *Service) ExternalIDs(ctx context.Context, userID string) (out []store.ExternalID, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		out, err = tx.ExternalIDs(ctx, userID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing who %s is elsewhere: %w", userID, err)
	}
	return out, nil
}

// Proofs tells how a user can prove who they are: with a password, and at the providers with these issuers.
func (s *Service) Proofs(ctx context.Context, userID string) (password bool, issuers []string, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		u, err := tx.User(ctx, userID)
		if err != nil {
			return err
		}
		ids, err := tx.ExternalIDs(ctx, userID)
		password, issuers = u.PasswordHash != "", nil
		for _, id := range ids {
			issuers = append(issuers, id.Issuer)
		}
		return err
	})
	if err != nil {
		return false, nil, fmt.Errorf("looking up how %s can prove who they are: %w", userID, err)
	}
	return password, issuers, nil
}

// SuggestLocalpart makes of a name what could stand in a user id: small letters, and nothing that may not. It may be empty.
func SuggestLocalpart(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '.'
		case notInLocalpart(r):
			return -1
		}
		return r
	}, lower(name))
}

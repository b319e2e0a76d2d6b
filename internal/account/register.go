package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// errClosed: Client-Server API, POST /register, 403.
var errClosed = mxerr.Forbiddenf("Registration is closed on this server")

// Registering is what a client asks when it registers.
type Registering struct {
	Username string // empty: the server makes one
	Password string
	Device   NewDevice
	// InhibitLogin asks for no device and no tokens.
	InhibitLogin bool
	// Token is the registration token that the client has shown, where one is needed.
	Token string
}

// CheckRegistration makes the checks that come before authentication (Client-Server API, POST /register: servers must perform the
// relevant checks before user-interactive authentication). What is missing is not an error yet.
func (s *Service) CheckRegistration(ctx context.Context, r Registering) error {
	if s.Registration == RegistrationClosed {
		return errClosed
	}
	if r.Username != "" {
		if err := s.Available(ctx, r.Username); err != nil {
			return err
		}
	}
	if r.Password != "" {
		if err := CheckPassword(r.Password); err != nil {
			return err
		}
	}
	return r.Device.check()
}

// RegistrationFlows are the flows of user-interactive authentication by which one may register.
func (s *Service) RegistrationFlows() []Flow {
	if s.Registration == RegistrationToken {
		return []Flow{{StageToken}}
	}
	return []Flow{{StageDummy}}
}

// Register makes an account for somebody who has been authenticated.
func (s *Service) Register(ctx context.Context, r Registering) (Login, error) {
	if err := s.CheckRegistration(ctx, r); err != nil {
		return Login{}, err
	}
	if r.Password == "" {
		return Login{}, mxerr.MissingParamf("A password is needed")
	}
	hash, err := s.hashPassword(ctx, r.Password)
	if err != nil {
		return Login{}, err
	}
	return s.create(ctx, r, store.User{PasswordHash: hash}, func(tx *store.Tx) error {
		if s.Registration != RegistrationToken {
			return nil
		}
		return s.useRegistrationToken(ctx, tx, r.Token)
	})
}

// RegisterGuest makes a guest account. Client-Server API, POST /register: of what a guest asks only the device's name is heard.
func (s *Service) RegisterGuest(ctx context.Context, deviceName string, seen Seen) (Login, error) {
	if !s.AllowGuests && s.Registration != RegistrationOpen {
		return Login{}, mxerr.Forbiddenf("Guests may not register on this server")
	}
	d := NewDevice{DisplayName: deviceName, Seen: seen}
	if err := d.check(); err != nil {
		return Login{}, err
	}
	return s.create(ctx, Registering{Device: d}, store.User{Guest: true}, nil)
}

// nameTries bounds how often a made name may turn out to be taken.
const nameTries = 5

// create makes an account and, unless it is not wanted, its first session. also runs in the same transaction.
func (s *Service) create(ctx context.Context, r Registering, u store.User, also func(tx *store.Tx) error) (l Login, err error) {
	u.CreatedTS = s.nowMS()
	for try := 1; ; try++ {
		name := r.Username
		if name == "" {
			name = newLocalpart()
		}
		if u.ID, err = s.newUserID(name); err != nil {
			return Login{}, err
		}
		l, err = s.insert(ctx, u, r, also)
		if errors.Is(err, errUserInUse) && r.Username == "" && try < nameTries {
			continue
		}
		return l, err
	}
}

func (s *Service) insert(ctx context.Context, u store.User, r Registering, also func(tx *store.Tx) error) (l Login, err error) {
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		err := tx.InsertUser(ctx, u)
		if errors.Is(err, store.ErrConflict) {
			return errUserInUse
		}
		if err != nil {
			return err
		}
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		if r.InhibitLogin {
			l = Login{UserID: u.ID}
			return nil
		}
		l, _, err = s.startSession(ctx, tx, u.ID, r.Device)
		return err
	})
	if err != nil {
		return Login{}, fmt.Errorf("making the account %s: %w", u.ID, err)
	}
	return l, nil
}

// errSpentToken is the answer if a registration token ran out between its check and its use.
var errSpentToken = mxerr.New(http.StatusUnauthorized, mxerr.Unauthorized, "The registration token is not valid any more")

func (s *Service) useRegistrationToken(ctx context.Context, tx *store.Tx, token string) error {
	err := tx.UseRegistrationToken(ctx, token, s.nowMS())
	if errors.Is(err, store.ErrNotFound) {
		return errSpentToken
	}
	return err
}

// TokenValid tells whether a registration token could be used now (Client-Server API, GET …/m.login.registration_token/validity).
func (s *Service) TokenValid(ctx context.Context, token string) (bool, error) {
	if s.Registration == RegistrationClosed {
		return false, errClosed
	}
	return s.tokenValid(ctx, token)
}

func (s *Service) tokenValid(ctx context.Context, token string) (valid bool, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		t, err := tx.RegistrationToken(ctx, token)
		valid = err == nil && t.Valid(s.nowMS())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking up a registration token: %w", err)
	}
	return valid, nil
}

// EnsureFirstToken returns a registration token for any number of uses, the same at every start, after making it at the first. It is
// empty if that token has been taken away since.
func (s *Service) EnsureFirstToken(ctx context.Context) (token string, err error) {
	fresh := randomText(16)
	err = s.Store.Write(ctx, func(tx *store.Tx) error {
		token, err = tx.FirstRegistrationToken(ctx, fresh)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("making the first registration token: %w", err)
	}
	if valid, err := s.tokenValid(ctx, token); err != nil || !valid {
		return "", err
	}
	return token, nil
}

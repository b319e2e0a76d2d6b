package account

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// uiaLifetime is how long a session of user-interactive authentication lasts after its last use.
const uiaLifetime = 15 * time.Minute

// maxRemembered is the largest body that is kept for requests that repeat the call without it.
const maxRemembered = 16 << 10

// Flow is a series of stages that together authenticate a call.
type Flow []string

// UIARequest is a call that needs user-interactive authentication.
type UIARequest struct {
	// Operation is what the call does, to what. A session serves one operation alone.
	Operation string
	// UserID is who calls; empty where nobody is logged in.
	UserID string
	Flows  []Flow
	Params map[string]any  // what the client must know of the stages; nil: nothing
	Auth   json.RawMessage // the call's auth object; nil: none
	Body   json.RawMessage // the call's other parameters, a JSON object
}

// UIADone is an authenticated call.
type UIADone struct {
	// Body is the call's parameters: those of this request or, if it has none, those of the first.
	Body json.RawMessage
	// Found is what each stage found out: the user id for a password, the token for a registration token.
	Found map[string]string

	session string // empty: the call was authenticated in one request
}

// uiaSession is what is stored of a session.
type uiaSession struct {
	Operation string
	UserID    string
	Flows     []Flow
	Completed []string
	Found     map[string]string
	Body      json.RawMessage
}

type authObject struct {
	Type    string `json:"type"`
	Session string `json:"session"`
}

// Authorize takes one step of user-interactive authentication (Client-Server API, "User-Interactive Authentication API"). It returns an
// error for the client, a 401 with what is still to be done, until the stages of one flow are complete. A call whose one stage comes
// with its first request needs no session.
func (s *Service) Authorize(ctx context.Context, r UIARequest) (UIADone, error) {
	if r.Auth == nil {
		return s.withoutAuth(ctx, r)
	}
	var auth authObject
	if err := json.Unmarshal(r.Auth, &auth); err != nil {
		return UIADone{}, mxerr.BadJSONf("auth does not have the right form")
	}
	name, session, err := s.openUIA(ctx, auth.Session, r)
	if err != nil {
		return UIADone{}, err
	}
	if stageErr := s.takeStage(ctx, r, &session, auth.Type); stageErr != nil {
		// A stage that failed may be tried again; whatever else is wrong is an error like any.
		if mx := (*mxerr.Error)(nil); errors.As(stageErr, &mx) && (mx.Status == http.StatusUnauthorized || mx.Status == http.StatusForbidden) {
			return UIADone{}, s.challenge(ctx, r, name, session, mx)
		}
		return UIADone{}, stageErr
	}
	if !slices.ContainsFunc(r.Flows, func(f Flow) bool { return slices.Equal(f, session.Completed) }) {
		return UIADone{}, s.challenge(ctx, r, name, session, nil)
	}
	done := UIADone{Body: r.Body, Found: session.Found, session: name}
	if isEmptyObject(r.Body) && session.Body != nil {
		done.Body = session.Body
	}
	return done, nil
}

// withoutAuth answers a call's first request. An app that was logged in by OAuth needs no session: it may repeat the call once the user
// has agreed in the browser.
func (s *Service) withoutAuth(ctx context.Context, r UIARequest) (UIADone, error) {
	agreed, err := s.agreedInBrowser(ctx, r, nil)
	if err != nil {
		return UIADone{}, err
	}
	if agreed {
		return UIADone{Body: r.Body}, nil
	}
	return UIADone{}, s.challenge(ctx, r, "", uiaSession{}, nil)
}

// CompleteStage does one stage of a session outside the call that opened it, as the fallback pages do (Client-Server API, "Fallback").
// The call, repeated with the session alone, then goes on. The error is that of the stage; store.ErrNotFound without such a session.
func (s *Service) CompleteStage(ctx context.Context, name string, auth json.RawMessage) error {
	var a authObject
	if err := json.Unmarshal(auth, &a); err != nil {
		return mxerr.BadJSONf("auth does not have the right form")
	}
	session, err := s.loadUIA(ctx, name)
	if err != nil {
		return err
	}
	r := UIARequest{Operation: session.Operation, UserID: session.UserID, Flows: session.Flows, Auth: auth}
	if err := s.takeStage(ctx, r, &session, a.Type); err != nil {
		return err
	}
	return s.saveUIA(ctx, name, session)
}

// FinishUIA ends the session of a call that has succeeded: each further call must be authenticated anew.
func (s *Service) FinishUIA(ctx context.Context, d UIADone) {
	if d.session == "" {
		return
	}
	hash := hashToken(d.session)
	err := s.Store.Write(ctx, func(tx *store.Tx) error { return tx.DeleteUIASession(ctx, hash[:]) })
	if err != nil {
		s.Log.Warn("ending a session of user-interactive authentication failed; it will expire", "err", err)
	}
}

// openUIA finds the session that a client names. Without one, or if it has expired, a new one is begun, which has no name yet.
func (s *Service) openUIA(ctx context.Context, name string, r UIARequest) (string, uiaSession, error) {
	if name == "" {
		return "", uiaSession{}, nil
	}
	session, err := s.loadUIA(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return "", session, s.challenge(ctx, r, "", uiaSession{}, mxerr.Forbiddenf("The authentication session is not known or has expired"))
	}
	if err != nil {
		return "", session, err
	}
	if session.Operation != r.Operation || session.UserID != r.UserID {
		return "", session, mxerr.Forbiddenf("The authentication session was opened for another operation")
	}
	return name, session, nil
}

// challenge makes the 401 that tells what is still to be done, and stores the session. why, if a stage failed, is its error.
func (s *Service) challenge(ctx context.Context, r UIARequest, name string, session uiaSession, why *mxerr.Error) error {
	if name == "" {
		name = randomText(24)
		session.Operation, session.UserID, session.Flows = r.Operation, r.UserID, r.Flows
		if len(r.Body) <= maxRemembered {
			session.Body = r.Body
		}
	}
	if err := s.saveUIA(ctx, name, session); err != nil {
		return err
	}
	flows := make([]map[string][]string, 0, len(r.Flows))
	for _, f := range r.Flows {
		flows = append(flows, map[string][]string{"stages": f})
	}
	out := mxerr.New(http.StatusUnauthorized, "", "")
	if why != nil {
		out.Code, out.Message, out.Fields = why.Code, why.Message, maps.Clone(why.Fields)
	}
	params := r.Params
	if params == nil {
		params = map[string]any{}
	}
	return out.With("flows", flows).With("params", params).With("session", name).
		With("completed", append([]string{}, session.Completed...))
}

// sealer is the cipher of a session, whose key is made from the session's name.
func sealer(name string) (cipher.AEAD, error) {
	key := sha256.Sum256([]byte("seal " + name))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (s *Service) saveUIA(ctx context.Context, name string, session uiaSession) error {
	plain, err := json.Marshal(session)
	if err != nil {
		return fmt.Errorf("encoding an authentication session: %w", err)
	}
	aead, err := sealer(name)
	if err != nil {
		return fmt.Errorf("sealing an authentication session: %w", err)
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	sealed := aead.Seal(nonce, nonce, plain, nil)
	hash := hashToken(name)
	err = s.Store.Write(ctx, func(tx *store.Tx) error { return tx.PutUIASession(ctx, hash[:], sealed, s.after(uiaLifetime)) })
	if err != nil {
		return fmt.Errorf("storing an authentication session: %w", err)
	}
	return nil
}

func (s *Service) loadUIA(ctx context.Context, name string) (session uiaSession, err error) {
	hash := hashToken(name)
	var sealed []byte
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		sealed, err = tx.UIASession(ctx, hash[:], s.nowMS())
		return err
	})
	if err != nil {
		return session, fmt.Errorf("reading an authentication session: %w", err)
	}
	aead, err := sealer(name)
	if err != nil || len(sealed) < aead.NonceSize() {
		return session, fmt.Errorf("opening an authentication session: %w", errors.Join(err, errors.New("bad row")))
	}
	nonce, text := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, text, nil)
	if err != nil {
		return session, fmt.Errorf("opening an authentication session: %w", err)
	}
	if err := json.Unmarshal(plain, &session); err != nil {
		return session, fmt.Errorf("decoding an authentication session: %w", err)
	}
	return session, nil
}

func isEmptyObject(body json.RawMessage) bool {
	var fields map[string]json.RawMessage
	return json.Unmarshal(body, &fields) == nil && len(fields) == 0
}

package account

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"bongsu.org/bongsu/internal/mxerr"
)

// The stages that this server knows (Client-Server API, "Authentication types").
const (
	StagePassword = "m.login.password"
	StageDummy    = "m.login.dummy"
	StageToken    = "m.login.registration_token"
	// StageSSO is done in a browser: see CompleteOutside.
	StageSSO = "m.login.sso"
	// StageOAuth is completed in the browser: see AllowCrossSigningReset.
	StageOAuth = "m.oauth"
	// StageOldOAuth is StageOAuth under its name from before it was stable.
	StageOldOAuth = "org.matrix.cross_signing_reset"
)

// takeStage does one stage and notes it in the session.
func (s *Service) takeStage(ctx context.Context, r UIARequest, session *uiaSession, stage string) error {
	if slices.Contains(session.Completed, stage) {
		return nil // completed stages cannot be retried
	}
	if stage == "" || stage == StageOAuth || stage == StageOldOAuth { // the client asks whether a stage was completed elsewhere
		agreed, err := s.agreedInBrowser(ctx, r, session.Completed)
		if agreed {
			session.Completed = append(session.Completed, StageOAuth)
		}
		return err
	}
	if !isNext(r.Flows, session.Completed, stage) {
		return mxerr.Forbiddenf("This stage does not come next in any flow")
	}
	found, err := s.doStage(ctx, r, stage)
	if err != nil {
		return err
	}
	session.Completed = append(session.Completed, stage)
	if found != "" {
		session.Found = maps.Clone(session.Found)
		if session.Found == nil {
			session.Found = map[string]string{}
		}
		session.Found[stage] = found
	}
	return nil
}

// isNext tells whether a stage follows the completed ones in one of the flows, whose order is to be kept.
func isNext(flows []Flow, completed []string, stage string) bool {
	n := len(completed)
	return slices.ContainsFunc(flows, func(f Flow) bool {
		return len(f) > n && f[n] == stage && slices.Equal(f[:n], completed)
	})
}

// agreedInBrowser tells whether StageOAuth comes next in one of the flows, and is done.
func (s *Service) agreedInBrowser(ctx context.Context, r UIARequest, completed []string) (bool, error) {
	if !isNext(r.Flows, completed, StageOAuth) {
		return false, nil
	}
	return s.CrossSigningResetAllowed(ctx, r.UserID)
}

func (s *Service) doStage(ctx context.Context, r UIARequest, stage string) (found string, err error) {
	switch stage {
	case StagePassword:
		return s.passwordStage(ctx, r)
	case StageToken:
		return s.tokenStage(ctx, r)
	case StageSSO:
		return "", mxerr.Forbiddenf("This stage is done in a browser")
	default: // StageDummy: always succeeds
		return "", nil
	}
}

// passwordStage: the password must be that of who calls, where somebody is logged in.
func (s *Service) passwordStage(ctx context.Context, r UIARequest) (found string, err error) {
	var auth struct {
		Identifier *Identifier `json:"identifier"`
		User       string      `json:"user"` // deprecated, in place of identifier
		Medium     string      `json:"medium"`
		Address    string      `json:"address"`
		Password   string      `json:"password"`
	}
	if err := json.Unmarshal(r.Auth, &auth); err != nil {
		return "", mxerr.BadJSONf("auth does not have the right form")
	}
	id := auth.Identifier
	switch {
	case id != nil:
	case auth.User != "":
		id = &Identifier{Type: "m.id.user", User: auth.User}
	case auth.Address != "":
		id = &Identifier{Type: "m.id.thirdparty", Medium: auth.Medium, Address: auth.Address}
	default:
		return "", mxerr.MissingParamf("auth.identifier is missing")
	}
	userID, err := s.Identify(*id)
	if err != nil {
		return "", err
	}
	if r.UserID != "" && userID != r.UserID {
		return "", errBadLogin
	}
	u, err := s.verifyPassword(ctx, userID, auth.Password)
	switch {
	case err != nil:
		return "", err
	case u.Deactivated:
		return "", errDeactivated
	case u.Locked:
		return "", ErrLocked
	}
	return userID, nil
}

var errInvalidToken = mxerr.New(http.StatusUnauthorized, mxerr.Unauthorized, "The registration token is not valid")

func (s *Service) tokenStage(ctx context.Context, r UIARequest) (found string, err error) {
	var auth struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(r.Auth, &auth); err != nil {
		return "", mxerr.BadJSONf("auth does not have the right form")
	}
	if auth.Token == "" {
		return "", mxerr.MissingParamf("auth.token is missing")
	}
	valid, err := s.tokenValid(ctx, auth.Token)
	if err != nil {
		return "", err
	}
	if !valid {
		return "", errInvalidToken
	}
	return auth.Token, nil
}

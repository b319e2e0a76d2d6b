package clientapi

import (
	"encoding/json"
	"errors"
	"net/http"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/keys"
)

// crossSigningRoutes: Client-Server API, "Cross-signing".
func (a *API) crossSigningRoutes() {
	a.client(http.MethodPost, "/keys/device_signing/upload", a.uploadCrossSigning, limited("keys"))
	a.client(http.MethodPost, "/keys/signatures/upload", a.uploadSignatures, bodyUpTo(maxKeys), limited("keys"))
}

// uploadCrossSigning asks for interactive authentication only where keys that are there would change.
func (a *API) uploadCrossSigning(r *request) (any, error) {
	text, err := r.uiaBody()
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := decodeJSON(text, &fields); err != nil {
		return nil, err
	}
	if delete(fields, "auth"); len(fields) > 0 {
		var body keys.CrossSigning
		if err := decodeJSON(text, &body); err != nil {
			return nil, err
		}
		err := a.Keys.UploadCrossSigning(r.Context(), r.session.UserID, body, false)
		if !errors.Is(err, keys.ErrAuth) {
			return empty{}, err
		}
	}
	done, err := a.mayReplaceCrossSigning(r, text)
	if err != nil {
		return nil, err
	}
	var body keys.CrossSigning
	if err := decodeJSON(done.Body, &body); err != nil {
		return nil, err
	}
	if err := a.Keys.UploadCrossSigning(r.Context(), r.session.UserID, body, true); err != nil {
		return nil, err
	}
	a.Accounts.FinishUIA(r.Context(), done)
	a.Accounts.EndCrossSigningReset(r.Context(), r.session.UserID)
	return empty{}, nil
}

func (a *API) mayReplaceCrossSigning(r *request, text json.RawMessage) (account.UIADone, error) {
	const operation = "publish cross-signing keys"
	oauth, err := a.byOAuth(r)
	switch {
	case err != nil:
		return account.UIADone{}, err
	case !oauth:
		return a.requireOwnerOfUsers(r, operation, text)
	}
	auth, params, err := splitAuth(text)
	if err != nil {
		return account.UIADone{}, err
	}
	if auth == nil { // Element X of before the specification asks again and again, without a session, until the user has agreed
		allowed, err := a.Accounts.CrossSigningResetAllowed(r.Context(), r.session.UserID)
		if err != nil || allowed {
			return account.UIADone{Body: params}, err
		}
	}
	return a.requireOAuth(r, operation, text)
}

func (a *API) uploadSignatures(r *request) (any, error) {
	var body map[string]map[string]json.RawMessage
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	failures, err := a.Keys.UploadSignatures(r.Context(), r.session.UserID, body)
	if err != nil {
		return nil, err
	}
	return map[string]any{"failures": failures}, nil
}

package clientapi

import (
	"bytes"
	"encoding/json"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/mxerr"
)

// uiaBody reads the body of an operation that uses user-interactive authentication. No body at all is an empty object: a first request
// only asks which flows there are.
func (r *request) uiaBody() (json.RawMessage, error) {
	text, err := r.bytes()
	if err != nil {
		return nil, err
	}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return json.RawMessage("{}"), nil
	}
	if err := checkJSON(text); err != nil {
		return nil, err
	}
	if text[0] != '{' {
		return nil, mxerr.BadJSONf("The request body must be a JSON object")
	}
	return text, nil
}

// requireUIA makes sure that a call is authenticated interactively, by one of the flows. The operation names what the call does, and to
// what: a session that was opened for one operation authenticates no other. The error, as long as stages are missing, is the 401 that
// says which. Once the call has succeeded, give the result to Accounts.FinishUIA; take the call's parameters from its Body.
func (a *API) requireUIA(r *request, operation string, body json.RawMessage, flows []account.Flow) (account.UIADone, error) {
	if oauth, err := a.byOAuth(r); err != nil {
		return account.UIADone{}, err
	} else if oauth {
		return account.UIADone{}, errNotByOAuth
	}
	auth, params, err := splitAuth(body)
	if err != nil {
		return account.UIADone{}, err
	}
	return a.Accounts.Authorize(r.Context(), account.UIARequest{
		Operation: operation, UserID: r.session.UserID, Flows: flows, Auth: auth, Body: params,
	})
}

// splitAuth parts a body's auth object, which may be missing, from its other parameters.
func splitAuth(body json.RawMessage) (auth, params json.RawMessage, err error) {
	fields := map[string]json.RawMessage{}
	if err := decodeJSON(body, &fields); err != nil {
		return nil, nil, err
	}
	if auth = fields["auth"]; string(auth) == "null" {
		auth = nil
	}
	delete(fields, "auth")
	params, err = json.Marshal(fields)
	return auth, params, err
}

// seen is where a request comes from, for the list of devices.
func (r *request) seen() account.Seen {
	return account.Seen{Address: r.address(), UserAgent: r.UserAgent()}
}

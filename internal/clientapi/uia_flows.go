package clientapi

import (
	"encoding/json"

	"bongsu.org/bongsu/internal/account"
)

// passwordFlow is how a user confirms what only they may do who has a password.
var passwordFlow = []account.Flow{{account.StagePassword}}

// ownFlows are the ways in which whoever calls can confirm what only they may do: with their password, or where they sign in otherwise.
// Who has neither is asked for a password all the same, and has none to give.
func (a *API) ownFlows(r *request) ([]account.Flow, error) {
	if r.session.UserID == "" || a.SSO.Providers() == nil {
		return passwordFlow, nil
	}
	password, issuers, err := a.Accounts.Proofs(r.Context(), r.session.UserID)
	if err != nil {
		return nil, err
	}
	var flows []account.Flow
	if password {
		flows = append(flows, account.Flow{account.StagePassword})
	}
	for _, issuer := range issuers {
		if a.SSO.ByIssuer(issuer) != nil {
			flows = append(flows, account.Flow{account.StageSSO})
			break
		}
	}
	if flows == nil {
		return passwordFlow, nil
	}
	return flows, nil
}

// requireOwner is requireUIA for what only the owner of an account may do.
func (a *API) requireOwner(r *request, operation string, body json.RawMessage) (account.UIADone, error) {
	flows, err := a.ownFlows(r)
	if err != nil {
		return account.UIADone{}, err
	}
	return a.requireUIA(r, operation, body, flows)
}

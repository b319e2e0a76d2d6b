package oauth

import (
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// revoke is the revocation endpoint (RFC 7009; Client-Server API, "Token revocation"). Whoever knows a token may end it: without a
// client_id or with another one it is most likely a tool that has found it where it should not be.
func (s *Service) revoke(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, oidc.ErrInvalidRequest().WithDescription("The form could not be read"))
		return
	}
	token, hint := r.PostForm.Get("token"), r.PostForm.Get("token_type_hint")
	switch {
	case token == "":
		s.fail(w, r, oidc.ErrInvalidRequest().WithDescription("token is missing"))
		return
	case hint != "" && hint != "access_token" && hint != "refresh_token":
		s.fail(w, r, &oidc.Error{ErrorType: "unsupported_token_type", Description: "token_type_hint must be access_token or refresh_token"})
		return
	}
	if err := s.Accounts.Revoke(r.Context(), token); err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, struct{}{})
}

package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
)

// Support is where users get help (Client-Server API, GET /.well-known/matrix/support).
type Support struct {
	Contacts []Contact `json:"contacts,omitempty"`
	Page     string    `json:"support_page,omitempty"`
}

// Contact is a way to reach who runs the server.
type Contact struct {
	MatrixID string `json:"matrix_id,omitempty"`
	Email    string `json:"email_address,omitempty"`
	Role     string `json:"role"`
}

// supportRoutes: Client-Server API, "Server Discovery" and "Policy Servers".
func (a *API) supportRoutes() {
	a.handle(http.MethodGet, "/.well-known/matrix/support", a.support, as(authNone))
	a.handle(http.MethodGet, "/.well-known/matrix/policy_server", a.policyServer, as(authNone))
}

func (a *API) support(*request) (any, error) {
	if len(a.Support.Contacts) == 0 && a.Support.Page == "" {
		return nil, mxerr.NotFoundf("This server tells nothing about support")
	}
	return a.Support, nil
}

// policyServer says that this server is none: it signs no events of other servers.
func (a *API) policyServer(*request) (any, error) {
	return nil, mxerr.NotFoundf("This server is not a policy server")
}

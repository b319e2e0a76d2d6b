package clientapi

import (
	"encoding/json"
	"net/http"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/mxerr"
)

// threepidRoutes: Client-Server API, "Adding Account Administrative Contact Information". Accounts of this server have no e-mail address
// and no phone number: nothing is bound, and nothing can be, which the capability m.3pid_changes says.
func (a *API) threepidRoutes() {
	a.client(http.MethodGet, "/account/3pid", a.threepids)
	a.client(http.MethodPost, "/account/3pid", a.denyThreepid("three_pid_creds"))
	a.client(http.MethodPost, "/account/3pid/add", a.denyThreepid("client_secret", "sid"))
	a.client(http.MethodPost, "/account/3pid/bind", a.denyThreepid("client_secret", "id_server", "id_access_token", "sid"))
	a.client(http.MethodPost, "/account/3pid/delete", a.unbindThreepid)
	a.client(http.MethodPost, "/account/3pid/unbind", a.unbindThreepid)
	for medium, fields := range map[string][]string{
		"email":  {"client_secret", "email", "send_attempt"},
		"msisdn": {"client_secret", "country", "phone_number", "send_attempt"},
	} {
		open := []option{as(authNone), limited("registration")}
		a.client(http.MethodPost, "/register/"+medium+"/requestToken", a.denyThreepid(fields...), open...)
		a.client(http.MethodPost, "/account/3pid/"+medium+"/requestToken", a.denyThreepid(fields...), open...)
		a.client(http.MethodPost, "/account/password/"+medium+"/requestToken", a.unknownThreepid(fields...), open...)
	}
}

func (a *API) threepids(*request) (any, error) {
	return map[string][]struct{}{"threepids": {}}, nil
}

// denyThreepid refuses what would bind an identifier.
func (a *API) denyThreepid(fields ...string) handler {
	return func(r *request) (any, error) {
		if err := r.needFields(fields); err != nil {
			return nil, err
		}
		return nil, mxerr.New(http.StatusForbidden, mxerr.ThreepidDenied, "This server keeps no third-party identifiers")
	}
}

// unknownThreepid answers for an identifier that would have to be bound already.
func (a *API) unknownThreepid(fields ...string) handler {
	return func(r *request) (any, error) {
		if err := r.needFields(fields); err != nil {
			return nil, err
		}
		return nil, mxerr.New(http.StatusBadRequest, mxerr.ThreepidNotFound, "No account has this third-party identifier")
	}
}

func (a *API) unbindThreepid(r *request) (any, error) {
	if err := r.needFields([]string{"medium", "address"}); err != nil {
		return nil, err
	}
	// No identity server is known that an identifier could have been bound at.
	return map[string]string{"id_server_unbind_result": "no-support"}, nil
}

// needFields checks that the body is an object with all these members, and that what it has is of the right kind.
func (r *request) needFields(names []string) error {
	body := map[string]json.RawMessage{}
	if err := r.decode(&body); err != nil {
		return err
	}
	for _, name := range names {
		if _, ok := body[name]; !ok {
			return mxerr.MissingParamf("%s is missing", name)
		}
	}
	for name, value := range body {
		if want, ok := threepidKinds[name]; ok && gjson.ParseBytes(value).Type != want {
			return mxerr.BadJSONf("%s is of the wrong type", name)
		}
	}
	return nil
}

// threepidKinds are the members of bodies about third-party identifiers.
var threepidKinds = map[string]gjson.Type{
	"three_pid_creds": gjson.JSON, "auth": gjson.JSON, "send_attempt": gjson.Number, "client_secret": gjson.String, "sid": gjson.String,
	"id_server": gjson.String, "id_access_token": gjson.String, "email": gjson.String, "country": gjson.String, "phone_number": gjson.String,
	"next_link": gjson.String, "medium": gjson.String, "address": gjson.String,
}

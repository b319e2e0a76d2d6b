package clientapi

import (
	"net/http"
	"strconv"
	"strings"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// appserviceRoutes: Application Service API, "Client-Server API Extensions".
func (a *API) appserviceRoutes() {
	a.clientV1(http.MethodPost, "/appservice/{appserviceId}/ping", a.ping, as(authGuest), waiting())
	a.client(http.MethodPut, "/directory/list/appservice/{networkId}/{roomId}", a.putNetworkRoom, as(authGuest))
}

// typeAppservice is the type of login and registration of application services.
const typeAppservice = "m.login.application_service"

var (
	errNotService = mxerr.Forbiddenf("This can be done with the as_token of the application service only")
	errNotTheirs  = mxerr.Forbiddenf("The application service has no such user in its namespaces")
	errNotMade    = mxerr.Forbiddenf("The application service has not registered this user")
	errNoDevice   = mxerr.New(http.StatusBadRequest, "M_UNKNOWN_DEVICE", "The user has no such device")
)

// masquerade makes a request of an application service one of the user that it names, or of its own (Application Service API, "Identity
// assertion"). Where nobody needs to be logged in, nobody is.
func (a *API) masquerade(r *request, rt route) error {
	if rt.auth == authNone {
		return nil
	}
	userID := r.query("user_id")
	if userID == "" {
		userID = r.service.Sender
	}
	if !a.Accounts.IsLocal(userID) || !r.service.Owns(userID) {
		return errNotTheirs
	}
	u, err := a.Accounts.User(r.Context(), userID)
	switch {
	case mxerr.HasCode(err, mxerr.NotFound):
		return errNotMade
	case err != nil:
		return err
	case u.Deactivated:
		return mxerr.New(http.StatusForbidden, mxerr.UserDeactivated, "This account has been deactivated")
	case u.Locked && !rt.evenLocked:
		return account.ErrLocked
	case u.Suspended && rt.unlessSuspended:
		return errSuspended
	}
	r.session = account.Session{UserID: u.ID, Admin: u.Admin, Locked: u.Locked, Suspended: u.Suspended}
	return a.masqueradeDevice(r)
}

// masqueradeDevice takes the device that a service names, of those that the user has.
func (a *API) masqueradeDevice(r *request) error {
	id := r.query("device_id")
	if id == "" {
		id = r.query("org.matrix.msc3202.device_id") // as it was called before it was in the specification
	}
	if id == "" {
		return nil
	}
	_, err := a.Accounts.Device(r.Context(), r.session.UserID, id)
	if mxerr.HasCode(err, mxerr.NotFound) {
		return errNoDevice
	}
	r.session.DeviceID = id
	return err
}

// unlimited tells whether a request counts for no rate limit: what a service does by itself, and for its users unless its registration says
// that they are limited.
func (r *request) unlimited() bool {
	s := r.service
	return s != nil && (!s.RateLimited || r.session.UserID == "" || r.session.UserID == s.Sender)
}

// timestamp is the time that an application service gives an event; 0, for everybody else too, is now (Application Service API, "Timestamp
// massaging").
func (r *request) timestamp() (int64, error) {
	text := r.query("ts")
	if r.service == nil || text == "" {
		return 0, nil
	}
	ts, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ts < 0 || ts >= 1<<53 {
		return 0, mxerr.InvalidParamf("ts must be a time in milliseconds since 1970")
	}
	return ts, nil
}

// needService is the error of a login or registration for application services without a token of one.
func (r *request) needService() error {
	switch {
	case r.service != nil:
		return nil
	case accessToken(r.Request) == "":
		return errMissingToken
	}
	return errUnknownToken
}

// exclusive is the error for what is not the service's, or another's (Application Service API, "Server admin style permissions").
func exclusive(status int, what string) error {
	return mxerr.New(status, mxerr.Exclusive, "%s is not in the namespaces of this application service, or kept for another", what)
}

func (a *API) appserviceRegister(r *request, body registerBody) (any, error) {
	if err := r.needService(); err != nil {
		return nil, err
	}
	if body.Username == "" {
		return nil, mxerr.MissingParamf("username is missing")
	}
	userID, err := a.Accounts.UserID(body.Username)
	if err != nil {
		return nil, mxerr.New(http.StatusBadRequest, mxerr.InvalidUsername, "This is not a name for a user of this server")
	}
	if !r.service.Owns(userID) || a.Appservices.ReservedUser(userID, r.service) {
		return nil, exclusive(http.StatusBadRequest, userID)
	}
	reg := body.registering(r)
	reg.Password = ""
	login, err := a.Accounts.RegisterForService(r.Context(), reg)
	if err != nil {
		return nil, err
	}
	return a.loginResponse(login), nil
}

func (a *API) appserviceLogin(r *request, body loginBody, d account.NewDevice) (account.Login, error) {
	if err := r.needService(); err != nil {
		return account.Login{}, err
	}
	id, err := body.identifier()
	if err != nil {
		return account.Login{}, err
	}
	userID, err := a.Accounts.Identify(id)
	if err != nil {
		return account.Login{}, err
	}
	if !r.service.Owns(userID) {
		return account.Login{}, exclusive(http.StatusForbidden, userID)
	}
	return a.Accounts.LoginForService(r.Context(), userID, d)
}

// appserviceDevice names a device of a user of the service, and makes it if need be.
func (a *API) appserviceDevice(r *request, name *string) (any, error) {
	d := account.NewDevice{ID: r.param("deviceId"), Seen: r.seen()}
	if name != nil {
		d.DisplayName = *name
	}
	created, err := a.Accounts.PutDevice(r.Context(), r.session.UserID, d)
	if err != nil || !created {
		return empty{}, err
	}
	return withStatus{http.StatusCreated, empty{}}, nil
}

// ping: Application Service API, "Pinging".
func (a *API) ping(r *request) (any, error) {
	if r.service == nil || r.service.ID != r.param("appserviceId") {
		return nil, errNotService
	}
	var body struct {
		TransactionID string `json:"transaction_id"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	took, err := a.Appservices.Ping(r.Context(), r.service, body.TransactionID)
	if err != nil {
		return nil, err
	}
	a.Delivery.Reachable(r.service.ID)
	return map[string]int64{"duration_ms": took.Milliseconds()}, nil
}

// putNetworkRoom: Application Service API, "Application service room directories".
func (a *API) putNetworkRoom(r *request) (any, error) {
	if r.service == nil {
		return nil, errNotService
	}
	var body struct {
		Visibility string `json:"visibility"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	switch body.Visibility {
	case "public", "private":
	case "":
		return nil, mxerr.MissingParamf("visibility is missing")
	default:
		return nil, mxerr.InvalidParamf("visibility must be public or private")
	}
	num, ok, err := a.Rooms.Resolve(r.Context(), r.param("roomId"))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, mxerr.NotFoundf("Room not found")
	}
	instance := r.service.InstanceID(r.param("networkId"))
	return empty{}, a.Store.Write(r.Context(), func(tx *store.Tx) error {
		return tx.SetNetworkRoom(r.Context(), instance, num, body.Visibility == "public")
	})
}

// checkAliasOwner refuses aliases that the caller may not make or delete because of application services.
func (r *request) checkAliasOwner(alias string) error {
	all := r.api.Appservices
	switch {
	case r.service != nil && (!r.service.Aliases.Match(alias) || all.ReservedAlias(alias, r.service)):
		return exclusive(http.StatusBadRequest, alias)
	case r.service == nil && all.ReservedAlias(alias, nil):
		return mxerr.New(http.StatusBadRequest, mxerr.Exclusive, "This alias is kept for an application service")
	}
	return nil
}

// resolveAlias is the room that an alias names. An application service is asked to make the room if the alias is not there.
func (r *request) resolveAlias(alias string) (string, error) {
	id, err := r.api.Aliases.Resolve(r.Context(), alias)
	if !mxerr.HasCode(err, mxerr.NotFound) || !strings.HasSuffix(alias, ":"+r.api.ServerName) {
		return id, err
	}
	made, askErr := r.api.Appservices.QueryAlias(r.Context(), alias, r.service)
	switch {
	case askErr != nil:
		return "", askErr
	case !made:
		return "", err
	}
	return r.api.Aliases.Resolve(r.Context(), alias)
}

// askForUser lets an application service make a user of its namespaces who is not there (Application Service API, "Querying").
func (r *request) askForUser(userID string) error {
	a := r.api
	if !a.Appservices.Asks(userID, r.service) {
		return nil
	}
	_, err := a.Accounts.User(r.Context(), userID)
	if !mxerr.HasCode(err, mxerr.NotFound) {
		return err
	}
	_, err = a.Appservices.QueryUser(r.Context(), userID, r.service)
	return err
}

// requireOwnerOfUsers is requireOwner for what application services may do without (Client-Server API, device management and
// cross-signing).
func (a *API) requireOwnerOfUsers(r *request, operation string, body []byte) (account.UIADone, error) {
	if r.service != nil {
		return account.UIADone{Body: body}, nil
	}
	return a.requireOwner(r, operation, body)
}

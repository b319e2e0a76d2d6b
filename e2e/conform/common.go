package conform

import "net/http"

type commonError struct {
	status int
	code   string
}

// commonErrors are those that any operation may give, listed or not. Client-Server API, 2.3 "Standard error response" with its
// lists of common and other codes; 5.5 for accounts that are locked or suspended; HTTP for what the transport itself refuses.
var commonErrors = map[commonError]bool{
	{http.StatusBadRequest, "M_BAD_JSON"}:              true,
	{http.StatusBadRequest, "M_NOT_JSON"}:              true,
	{http.StatusBadRequest, "M_UNKNOWN"}:               true,
	{http.StatusBadRequest, "M_INVALID_PARAM"}:         true,
	{http.StatusBadRequest, "M_MISSING_PARAM"}:         true,
	{http.StatusUnauthorized, "M_UNKNOWN_TOKEN"}:       true,
	{http.StatusUnauthorized, "M_MISSING_TOKEN"}:       true,
	{http.StatusUnauthorized, "M_USER_LOCKED"}:         true,
	{http.StatusForbidden, "M_FORBIDDEN"}:              true,
	{http.StatusForbidden, "M_USER_SUSPENDED"}:         true,
	{http.StatusForbidden, "M_GUEST_ACCESS_FORBIDDEN"}: true,
	{http.StatusNotFound, "M_NOT_FOUND"}:               true,
	{http.StatusNotFound, "M_UNRECOGNIZED"}:            true,
	{http.StatusMethodNotAllowed, "M_UNRECOGNIZED"}:    true,
	{http.StatusRequestEntityTooLarge, "M_TOO_LARGE"}:  true,
	{http.StatusTooManyRequests, "M_LIMIT_EXCEEDED"}:   true,
	{http.StatusInternalServerError, "M_UNKNOWN"}:      true,
	// Application Service API: "Identity assertion" with a device that is not there, and "Querying" a service that does not answer.
	{http.StatusBadRequest, "M_UNKNOWN_DEVICE"}:                  true,
	{http.StatusRequestTimeout, "M_UNKNOWN"}:                     true,
	{http.StatusServiceUnavailable, "M_UNKNOWN"}:                 true,
	{http.StatusServiceUnavailable, "M_LIMIT_EXCEEDED"}:          true,
	{http.StatusServiceUnavailable, "M_RESOURCE_LIMIT_EXCEEDED"}: true,
}

// Package mxerr holds the errors that Matrix clients see, as values.
//
// Every layer below the HTTP handlers returns either an *Error (something the client did, or may be told) or any other error
// (something that went wrong here, whose text no client ever sees). The handlers' one writer turns both into a response.
//
// Client-Server API, "Standard error response": {"errcode": "M_…", "error": "…", …}.
package mxerr

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// The error codes of the specification that this server uses (Client-Server API, "Common error codes" and "Other error codes").
const (
	Forbidden                 = "M_FORBIDDEN"
	UnknownToken              = "M_UNKNOWN_TOKEN"
	MissingToken              = "M_MISSING_TOKEN"
	UserLocked                = "M_USER_LOCKED"
	UserSuspended             = "M_USER_SUSPENDED"
	BadJSON                   = "M_BAD_JSON"
	NotJSON                   = "M_NOT_JSON"
	NotFound                  = "M_NOT_FOUND"
	LimitExceeded             = "M_LIMIT_EXCEEDED"
	Unrecognized              = "M_UNRECOGNIZED"
	Unknown                   = "M_UNKNOWN"
	Unauthorized              = "M_UNAUTHORIZED"
	UserDeactivated           = "M_USER_DEACTIVATED"
	UserInUse                 = "M_USER_IN_USE"
	InvalidUsername           = "M_INVALID_USERNAME"
	RoomInUse                 = "M_ROOM_IN_USE"
	InvalidRoomState          = "M_INVALID_ROOM_STATE"
	ThreepidInUse             = "M_THREEPID_IN_USE"
	ThreepidNotFound          = "M_THREEPID_NOT_FOUND"
	ThreepidAuthFailed        = "M_THREEPID_AUTH_FAILED"
	ThreepidDenied            = "M_THREEPID_DENIED"
	ThreepidMediumUnsupported = "M_THREEPID_MEDIUM_NOT_SUPPORTED"
	ServerNotTrusted          = "M_SERVER_NOT_TRUSTED"
	UnsupportedRoomVersion    = "M_UNSUPPORTED_ROOM_VERSION"
	IncompatibleRoomVersion   = "M_INCOMPATIBLE_ROOM_VERSION"
	BadState                  = "M_BAD_STATE"
	GuestAccessForbidden      = "M_GUEST_ACCESS_FORBIDDEN"
	MissingParam              = "M_MISSING_PARAM"
	InvalidParam              = "M_INVALID_PARAM"
	TooLarge                  = "M_TOO_LARGE"
	Exclusive                 = "M_EXCLUSIVE"
	ResourceLimitExceeded     = "M_RESOURCE_LIMIT_EXCEEDED"
	CannotLeaveServerNotice   = "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM"
	WeakPassword              = "M_WEAK_PASSWORD"
	UnableToAuthoriseJoin     = "M_UNABLE_TO_AUTHORISE_JOIN"
	UnableToGrantJoin         = "M_UNABLE_TO_GRANT_JOIN"
	BadAlias                  = "M_BAD_ALIAS"
	DuplicateAnnotation       = "M_DUPLICATE_ANNOTATION"
	NotYetUploaded            = "M_NOT_YET_UPLOADED"
	CannotOverwriteMedia      = "M_CANNOT_OVERWRITE_MEDIA"
	UnknownPos                = "M_UNKNOWN_POS"
	URLNotSet                 = "M_URL_NOT_SET"
	BadStatus                 = "M_BAD_STATUS"
	ConnectionFailed          = "M_CONNECTION_FAILED"
	ConnectionTimeout         = "M_CONNECTION_TIMEOUT"
	WrongRoomKeysVersion      = "M_WRONG_ROOM_KEYS_VERSION"
	InvalidSignature          = "M_INVALID_SIGNATURE"
	KeyTooLarge               = "M_KEY_TOO_LARGE"
	ProfileTooLarge           = "M_PROFILE_TOO_LARGE"
	InviteBlocked             = "M_INVITE_BLOCKED"
)

// Error is an error that is meant for a client.
type Error struct {
	Status  int            // HTTP status
	Code    string         // an M_… code
	Message string         // plain words for a person; never holds secrets
	Fields  map[string]any // further fields of the response body, e.g. retry_after_ms, soft_logout
}

// New makes an error for a client. The message may use fmt verbs.
func New(status int, code, message string, args ...any) *Error {
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	return &Error{Status: status, Code: code, Message: message}
}

// With returns a copy of e that also carries the given field in its response body.
func (e *Error) With(field string, value any) *Error {
	out := *e
	out.Fields = maps.Clone(e.Fields)
	if out.Fields == nil {
		out.Fields = map[string]any{}
	}
	out.Fields[field] = value
	return &out
}

// Error implements error.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Is reports whether target is an *Error with the same code, so that errors.Is(err, mxerr.New(0, mxerr.NotFound, "")) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// MarshalJSON gives the specification's standard error response.
func (e *Error) MarshalJSON() ([]byte, error) {
	body := make(map[string]any, len(e.Fields)+2)
	maps.Copy(body, e.Fields)
	if e.Code != "" { // the first answer of user-interactive authentication has none
		body["errcode"], body["error"] = e.Code, e.Message
	}
	return json.Marshal(body)
}

// HasCode reports whether err is, or wraps, an *Error with the given code.
func HasCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// NotFoundf is a 404 M_NOT_FOUND.
func NotFoundf(message string, args ...any) *Error {
	return New(http.StatusNotFound, NotFound, message, args...)
}

// Forbiddenf is a 403 M_FORBIDDEN.
func Forbiddenf(message string, args ...any) *Error {
	return New(http.StatusForbidden, Forbidden, message, args...)
}

// InvalidParamf is a 400 M_INVALID_PARAM.
func InvalidParamf(message string, args ...any) *Error {
	return New(http.StatusBadRequest, InvalidParam, message, args...)
}

// MissingParamf is a 400 M_MISSING_PARAM.
func MissingParamf(message string, args ...any) *Error {
	return New(http.StatusBadRequest, MissingParam, message, args...)
}

// BadJSONf is a 400 M_BAD_JSON.
func BadJSONf(message string, args ...any) *Error {
	return New(http.StatusBadRequest, BadJSON, message, args...)
}

// TooLargef is a 413 M_TOO_LARGE.
func TooLargef(message string, args ...any) *Error {
	return New(http.StatusRequestEntityTooLarge, TooLarge, message, args...)
}

// Limited is a 429 M_LIMIT_EXCEEDED that asks the client to come back after the given time.
func Limited(retry time.Duration) *Error {
	ms := max(retry.Milliseconds(), 1)
	return New(http.StatusTooManyRequests, LimitExceeded, "Too many requests; try again in %d ms", ms).With("retry_after_ms", ms)
}

// Unavailable is a 503 for work that cannot be done now (database lost, queue full); the client should resend the same request.
func Unavailable(retry time.Duration) *Error {
	ms := max(retry.Milliseconds(), 1)
	return New(http.StatusServiceUnavailable, LimitExceeded, "The server cannot take this right now; send the same request again in %d ms", ms).
		With("retry_after_ms", ms)
}

package account

import "errors"

// Errors of Authenticate.
var (
	ErrUnknownToken = errors.New("unknown access token")
	ErrExpiredToken = errors.New("access token has expired; refresh it")
)

// Session is who a request comes from.
type Session struct {
	UserID   string
	DeviceID string
	Guest    bool
	Admin    bool
	// Locked users may only log out (Client-Server API, "Account locking").
	Locked bool
	// Suspended users may only read, and leave (Client-Server API, "Account suspension").
	Suspended bool
	// TokenHash identifies the access token without being it.
	TokenHash [32]byte
}

// Seen is where and with what a request came, for the list of devices.
type Seen struct {
	Address   string
	UserAgent string
}

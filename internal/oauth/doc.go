// Package oauth is the server's side of the OAuth 2.0 API (Client-Server API, "OAuth 2.0 API"): an authorization server for Matrix
// clients and for any other application that only wants to know who somebody is (OpenID Connect).
//
// The protocol's forms (requests, errors, ID tokens) are those of the library github.com/zitadel/oidc, which calls Server; this package
// holds what the library leaves open: which clients there are, what a user allows and how that becomes tokens, and the pages on which
// the user does.
//
// Invariants:
//   - Access and refresh tokens are those of package account, of a device like any other. What ends the device ends them.
//   - Nothing is given to a client before a user who is signed in in the browser has pressed "Allow" for it.
//   - A code is good for one exchange, whoever else shows it at the same time or on another node; shown again, it ends what was made of it.
//   - Codes are stored as hashes. A redirect goes only to an address that the client has registered.
//   - The server's own addresses in what it tells about itself are those by which it is reached.
//
// It never shows or loads what a client names as its logo: pages load nothing from elsewhere.
package oauth

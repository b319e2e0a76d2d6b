// Package conform holds what a server answers against the schemas of the Matrix client-server API.
//
// It reads the OpenAPI files of package spec, finds the operation that a request belongs to, and checks the status, the
// content type and the JSON body of the response against the operation's schema for that status. A Checker collects what is
// wrong, and sits where a test wants it: as an http.RoundTripper in a Go client, or as a reverse proxy before a server that
// a browser or a Node program talks to.
//
// Invariants: a response passes to the client unchanged; a body is checked whole or, over the bound, reported as too large.
// The package never judges a request: tests send wrong ones on purpose.
package conform

// Package clientapi is the HTTP side of the Client-Server API: a file for each module of the specification.
//
// A handler decodes, authenticates and limits, calls one of the packages below, and gives back a value that becomes the JSON response,
// or an error. It holds no SQL and no rule of rooms. Errors of package mxerr are shown to the client as they are; of any other error a
// client sees only that there was one.
package clientapi

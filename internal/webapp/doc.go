// Package webapp serves the web client's files.
//
// The client's own addresses all lie below /app: any of them is answered with the one page, whose script looks at the address. Beside them
// only files that exist are served. So nothing else is shadowed: not the API, nor the discovery documents, nor health.
//
// Invariants:
//   - Every answer carries the content policy: no inline code, no code from elsewhere, no HTML made of text outside of a Trusted Types policy.
//   - A file whose name holds a hash of its content may be kept for ever; everything else is asked for anew each time, and answered with 304
//     while it is the same.
//
// The package compresses each file once, when it is first asked for, and keeps the result; it reads nothing but the files it was given.
package webapp

// Package node assembles a running server: it opens the database, makes the parts, connects them, and serves them over HTTP.
//
// The parts know nothing of each other beyond what they import; who tells whom what is decided here, in wire.go. The order in which
// they start is the order of their needs, and they end in the reverse of it, so that nothing is called that has ended:
//
//	database ← bus ← sync ← engine ← accounts, media, typing, presence ← HTTP
//
// Invariants:
//   - A database belongs to one server name and has one signing key, both fixed at the first start.
//   - A stopping node says first that it is not ready, then answers the requests that wait, then lets the others finish, and only then
//     takes away what they stand on.
//   - What comes from outside is bounded before it is worked on: connections, headers, time to send a request, requests at work and those
//     that wait for their turn. Who is refused is told when to come back.
//
// It holds no rule of the protocol and no SQL.
package node

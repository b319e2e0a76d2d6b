// Package gateway tells push gateways, and the push services of browsers, of events (Push Gateway API; RFC 8030, 8291 and 8292).
//
// All of it happens after an event is durable and acknowledged, off the way of who sends. Two steps, each with its own bounds:
//
//   - Following. Whoever holds a lane's lease reads what is added to the lane, evaluates the push rules of those members who have pushers,
//     and writes in one transaction what they are notified of, what waits for their pushers, and how far the lane has been followed. What
//     is read, answered, left or redacted is taken back in the same way, so that the count of what is unread is one query of one index.
//   - Sending. Whoever holds the lane of a user sends what waits for the user's pushers, one attempt at a time for each, and pauses
//     longer and longer while that fails.
//
// Invariants:
//   - Nothing is lost by a crash or a change of nodes: a notification is in the database from the transaction that moved the lane's cursor
//     until the gateway took it or it grew too old. It may come twice; gateways know that by the event's id.
//   - One slow or failing gateway costs others nothing: attempts to one host, and all attempts, are bounded apart.
//   - The database never holds an event's content for pushing, and the content of an encrypted event is never sent.
//   - A pusher is removed for a rejection only if it is still the one that was rejected.
//
// The package never follows redirects, and never connects to addresses off the public Internet unless the operator allows it.
package gateway

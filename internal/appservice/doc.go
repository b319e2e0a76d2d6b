// Package appservice serves application services: bridges, bots and whatever else extends the server from outside (Application Service
// API). It knows which are configured and what is theirs, sends each what concerns it, and asks them when a client wants to know what
// only they can tell.
//
// Delivery, of each service by itself: the lanes are read from where the service has got to; what interests it becomes the body of a
// transaction; the body and the positions where it ends are committed; then it is sent, again and again until the service has taken it;
// then the service has got to there. The invariants:
//
//   - Exactly once, in order. A transaction is fixed in the database before its first attempt, so that every attempt, after a crash or by
//     another node too, is of the same id and the same bytes. The events of a room come in the room's order.
//   - One sender at a time. A node sends while it holds the service's lease, a row that it renews. Others take the lease when the row has
//     not changed for a while by their own clock: no two clocks need to agree. A node that could not renew stops before that.
//   - Whether an event concerns a service is decided by the room as it was at the event, not as it is when the service is back.
//   - Bounded. A service that is down costs one transaction in the database, one in memory, and a timer.
//
// Typing and presence are of the moment: they go between transactions, by themselves, and are tried once.
//
// The package never gives up on a transaction, never changes one, and never tells a token.
package appservice

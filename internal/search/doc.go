// Package search finds text in events: it says what the words of a text are, how well a text answers a query, and keeps the index.
//
// Nothing is indexed when an event is sent. The Indexer follows the lanes behind the writers, in small transactions and with rests
// between them, and keeps in the database how far it has come: a restart goes on from there, and several nodes take turns. Whoever
// searches first lets it catch up.
//
// Invariants: only what was sent in the clear is indexed, since of anything else the server has no words; a redacted event leaves the
// index. The package never says who may see what it finds: package room does, for each event.
package search

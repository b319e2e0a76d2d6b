// Package room makes and reads events: authorisation, state, membership, timelines, history visibility.
//
// Writing goes through Engine: an event is authorised against the room's current state, built, hashed, signed and handed to the store,
// all inside the batch of the room's lane, so that two events of a room never see the same state. The rules themselves (authorisation,
// redaction, canonical JSON, signatures) are gomatrixserverlib's; this package decides which to ask and remembers the answers.
//
// What Engine keeps in memory of a room belongs to the committer of the room's lane and is touched by nobody else, so it needs no
// lock; it is brought up to date inside the lane's lock before it is used, and thrown away whenever a batch is rolled back.
//
// The package knows no HTTP and holds no SQL.
package room

// Package store is the one door to the database: SQLite in one file, or PostgreSQL.
//
// Everything that a client is told is durable goes through one of two ways: Lane.Do, for whatever gets a position and is seen by
// /sync, or Store.Write, for the rest (accounts, tokens). Both return only after the transaction is committed, and a commit, once
// begun, is never cancelled by its caller: the caller may leave, the commit runs to its end.
//
// Invariants:
//   - Positions of a lane become visible in order and without gaps, whichever node writes: a writer holds the lane's row lock from
//     before it takes positions until its commit.
//   - A transaction id is written in the row of its event, in the same transaction. A repeat is answered only from a transaction that
//     itself writes (the lane's row) and waits for replication.
//   - Rows of events and state_log are never changed, except by a redaction, which prunes an event.
//
// The package knows no rule of Matrix, and no other package holds SQL. SQL is written once, in the subset that both databases share,
// with PostgreSQL's placeholders; see sqlite.go for the two things that are translated.
package store

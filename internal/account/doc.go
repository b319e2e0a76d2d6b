// Package account keeps users and what lets them in: passwords, devices, access and refresh tokens, registration, and user-interactive
// authentication.
//
// Invariants:
//   - Secrets are stored in no form from which they can be read back: tokens as SHA-256 (they are random and long), passwords as
//     argon2id, sessions of user-interactive authentication sealed with a key that only the client can give.
//   - What is acknowledged is durable. A change takes the user's row first (store.Tx.LockUser), so that changes of one user come one
//     after the other, and so that a change that was already made is acknowledged by a transaction that itself writes.
//   - A revoked token is refused at once by the node that revoked it, and by every other within sessionTTL even if all news between
//     nodes is lost.
//   - Checking a password costs the same time whether the user exists or not.
//
// What an account's change brings about in rooms (a new display name, leaving when an account is closed) is a chore: noted in the same
// transaction, done after it, and done by the next start if this one dies. The package knows rooms only through the interface Rooms,
// and no HTTP beyond the status of its errors.
package account

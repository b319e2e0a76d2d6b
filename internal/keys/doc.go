// Package keys is the server's half of end-to-end encryption: it keeps and hands on public keys, signatures, messages to devices and
// encrypted back-ups of room keys. It never sees a private key or a plaintext.
//
// Invariants:
//   - A one-time key is given out once, ever: it is deleted in the lane of its owner, and the answer leaves only after that commit. Its
//     hash stays behind, so that an upload that is sent again does not bring it back.
//   - A message reaches each device once, in the order in which messages came: it gets a position in the lane of its recipient, and the
//     request's transaction id is written in the same commit.
//   - Whatever others must notice of a user's devices gets a position in that user's lane (store.LaneTx.ChangeDeviceList).
//   - A back-up is only ever changed with its owner's row locked, so that etag and count tell the truth.
//
// The package knows no HTTP beyond the status of its errors, and no /sync: package sync tells devices what is stored here.
package keys

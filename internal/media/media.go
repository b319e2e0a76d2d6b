// Package media keeps what users upload: the bytes (Blobs), what is known about them (Index), the thumbnails made from them,
// and the previews of web pages.
//
// Invariants:
//   - An upload is acknowledged only when its bytes and its row are durable. The bytes go first; a crash between the two leaves
//     a blob that nothing names, never a name without bytes.
//   - Blobs are named by the SHA-256 of their content and never change, so that a copy on any disk or site can be checked and
//     cached for ever.
//   - A media id is written once (Client-Server API, "Content repository": M_CANNOT_OVERWRITE_MEDIA).
//   - Every input is bounded before it is read: bytes, pixels, frames, redirects, time.
//
// The package never speaks HTTP to clients (internal/clientapi does), never trusts a declared content type for decoding, and
// never reaches an address that internal/netguard refuses.
package media

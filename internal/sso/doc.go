// Package sso signs people in with providers of single sign-on (OpenID Connect), which the operator names.
//
// An attempt goes like this. Begin makes the address to send the browser to, and a ticket that the browser keeps in a cookie. The provider
// sends the browser back; Finish takes the ticket and the parameters that came, and says who the person is. What the caller gave to Begin
// comes back from Finish.
//
// Invariants:
//   - An answer counts only in the browser that asked: state is compared with the ticket, which is sealed and expires, and so are the
//     nonce of the ID token and the verifier of the code (PKCE). The ticket of one provider is of no use with another, and a provider that
//     names itself in the answer must be the one that was asked (RFC 9207).
//   - A ticket is used once, whatever comes of it.
//   - A person is known by iss and sub of a verified ID token, and by nothing else.
//   - No server starts later, or not at all, because a provider is down: a provider is discovered when it is first needed, and again until it
//     answers.
//
// The package keeps nothing in the database but the marks of used tickets, knows no accounts, and serves no pages. It never logs a token, a
// code or a claim.
package sso

// Package websso is what people see of single sign-on in a browser: on the way to a provider and back, choosing a name for a new account,
// confirming what an app wants to do, and handing a login token over to an app.
//
// Ways through it:
//   - The sign-in page leads to begin, begin to the provider, the provider to callback, and callback on to where the sign-in was needed. A
//     person who has no account yet gets one there, after choosing a name where that is needed.
//   - An app sends its user to GET /login/sso/redirect, and that leads to the page of handover, past the sign-in page if nobody is signed
//     in. From there the app gets a login token (Client-Server API, "Client login via SSO").
//   - An app that needs its user's word for something sends the user to the fallback page of m.login.sso, and that leads to confirm, to the
//     provider, and back to the fallback page (Client-Server API, "SSO during User-Interactive Authentication").
//
// Invariants:
//   - No app gets a login token, and nothing is confirmed, before the person has pressed a button on a page that says what happens;
//     apps that the operator trusts get the token without.
//   - A provider's word counts in the browser that was sent to it, and once (see package sso).
//   - Whoever signs in once more is the one who was signed in.
package websso

// Package webaccount is the pages on which people look after their account in a browser (Client-Server API, OAuth 2.0 API, "Account
// management"): profile, devices, password, and closing the account.
//
// Apps lead there with the parameter action, and device_id where it is about a device. An action that is not known leads to the account's
// first page.
//
// Invariants:
//   - Nothing is changed by following a link: what changes something is a button on a page that says what it does.
//   - The password is changed, and the account closed, only by somebody who has just proved again who they are: with the password or, who
//     has none, where they sign in otherwise.
package webaccount

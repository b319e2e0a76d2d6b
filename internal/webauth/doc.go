// Package webauth is the part of the server that people see in a browser: who is signed in there, the look of its pages, and the pages
// to sign in, create an account and sign out. Other packages add pages of their own (consent, account management, single sign-on).
//
// A page is a Handler, registered with Service.Handle. It gets a Request, which knows who is signed in in the browser that asks, and it
// answers with Request.Show, Request.Redirect or Request.GoOn. An error becomes an error page.
//
// A flow that needs somebody signed in (an application asks for access, say) sends the browser to the sign-in page with the path at
// which it goes on, in the parameter "next"; whatever signs the user in ends with Request.SignIn and Request.GoOn.
//
// Invariants:
//   - The session's cookie holds a random secret, of which the database has the hash. It is replaced whenever somebody signs in.
//   - A form is taken only with the secret that the page with the form gave to this browser, and only from this server's own pages.
//   - A page runs no script, loads nothing from elsewhere, and stands in no frame.
//   - "next" is a path on this server, never another address.
//   - Text of users and applications reaches a page only through html/template.
package webauth

// Package e2e runs the real server program and looks at it from outside, as a client does.
//
// The tests beside this file drive it over HTTP, with a small client of their own where exact errors count and with
// mautrix-go where a real client's way counts; js/ does the same with matrix-js-sdk in Node. One behaviour a test, named
// for the behaviour. Every response is held against the specification's schemas (package conform), and a violation fails
// the test that met it.
//
// The program is built once in a test process (with the race detector if the tests have it) and most tests share one
// server on each kind of database; a test that needs other settings, or that kills its server, starts its own. Setting
// BONGSU_E2E_URL runs the shared tests against a server that is up already, to try the tests themselves on another one.
//
// Invariants: no process and no file outlives the test process; tests wait on what the server says, never on the clock.
package e2e

// Package ops is what an operator sees of a running server: its log, its metrics and its health.
//
// Nothing here is global: a server makes its own logger, registry and health, and hands them to its parts. Health tells the truth
// of the moment, from checks that run when it is asked; it never repeats an earlier answer. What the outside sees of a failing check is
// its name; the reason goes to the log. The package knows no Matrix.
package ops

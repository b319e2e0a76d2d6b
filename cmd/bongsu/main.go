// Command bongsu runs a Matrix homeserver and looks after it.
//
// The commands gather the settings, start a server or open its accounts, and print. They hold no rule of the protocol and no SQL.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	p := &program{
		name:     os.Args[0],
		env:      os.Environ(),
		in:       os.Stdin,
		out:      os.Stdout,
		errs:     os.Stderr,
		signals:  signals,
		start:    startNode,
		accounts: openAccounts,
	}
	if err := p.execute(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bongsu:", err)
		os.Exit(1)
	}
}

//go:build !linux

package main

import (
	"context"
	"errors"

	"bongsu.org/bongsu/drill/report"
	"github.com/spf13/cobra"
)

func (p *program) localDrill(*cobra.Command, *drillFlags) func(context.Context) (*report.Report, error) {
	return func(context.Context) (*report.Report, error) {
		return nil, errors.New("a drill on this machine needs the namespaces of Linux; a cluster elsewhere is drilled with --target")
	}
}

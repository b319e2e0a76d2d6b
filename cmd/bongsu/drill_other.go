//go:build !linux

package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func (p *program) drillCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "drill",
		Short: "Burn a data centre on this machine, and show that nothing is lost (on Linux)",
		RunE: func(*cobra.Command, []string) error {
			return errors.New("the drill needs the namespaces of Linux")
		},
	}
}

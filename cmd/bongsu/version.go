package main

import (
	"fmt"
	"runtime"

	"bongsu.org/bongsu/internal/ops"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			build := ops.ReadBuild()
			text := "bongsu " + build.Version
			if build.Revision != "" {
				text += " " + build.Revision
			}
			if build.Modified {
				text += " (with changes)"
			}
			return p.println(fmt.Sprintf("%s, %s, %s/%s", text, build.Go, runtime.GOOS, runtime.GOARCH))
		},
	}
}

func (p *program) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man [DIR]",
		Short: "Write the manual pages",
		Long:  "Write a manual page for each command into the folder DIR, or without DIR the first of them to standard output.",
		Example: `  bongsu man | man -l -
  bongsu man /usr/local/share/man/man1`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			header := &doc.GenManHeader{Section: "1", Source: "Bongsu " + ops.ReadBuild().Version, Manual: "Bongsu"}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			if len(args) == 0 {
				if err := doc.GenMan(root, header, p.out); err != nil {
					return fmt.Errorf("writing the manual page: %w", err)
				}
				return nil
			}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return fmt.Errorf("writing the manual pages: %w", err)
			}
			return nil
		},
	}
}

package main

import "github.com/spf13/cobra"

func (p *program) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show and check the settings",
		Long: `Show and check the settings.

Settings come from a YAML file (--config, or bongsu.yaml in the data folder), from environment variables and from flags, each overriding
the one before. A setting media.max_upload_size is the line

    max_upload_size: 100MiB

under "media:" in the file, and BONGSU_MEDIA_MAX_UPLOAD_SIZE in the environment.`,
		Args: cobra.NoArgs,
		RunE: showHelp,
	}
	flags := serverFlags(cmd)
	cmd.AddCommand(&cobra.Command{
		Use:   "print",
		Short: "Print the settings in force, with what each is for",
		Long:  "Print the settings in force, with what each is for, as a settings file. Secrets are not shown.",
		Example: `  # All settings and their defaults, to begin a file of one's own.
  bongsu config print > bongsu.yaml

  # What is in force with this file and this environment.
  BONGSU_LOG_LEVEL=debug bongsu config print --config /etc/bongsu.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := flags.load(cmd, p.env)
			if err != nil {
				return err
			}
			return cfg.Print(p.out)
		},
	}, &cobra.Command{
		Use:   "check",
		Short: "Say what is wrong with the settings, if anything",
		Long: `Say what is wrong with the settings, and where, and what is allowed instead. The exit code is 0 if nothing is wrong.
The database is not asked.`,
		Example: "  bongsu config check --config /etc/bongsu.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := flags.load(cmd, p.env); err != nil {
				return err
			}
			return p.println("The settings are right.")
		},
	})
	return cmd
}

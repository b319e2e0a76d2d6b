package main

import (
	"fmt"

	"bongsu.org/bongsu/internal/config"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// settingFlags are the flags of a command that set settings.
type settingFlags struct {
	file     string
	settings map[string]string // the setting that a flag sets, by the flag's name
}

// databaseFlags gives a command the flags that lead to a server's database.
func databaseFlags(cmd *cobra.Command) *settingFlags {
	f := &settingFlags{settings: map[string]string{}}
	cmd.PersistentFlags().StringVar(&f.file, "config", "", "read settings from `FILE` (bongsu.yaml in the data folder, if there is one)")
	f.add(cmd, "data", "data", "DIR", "keep all of the server's state in `DIR`")
	f.add(cmd, "database", "database", "URL", "use the PostgreSQL database at `URL` instead of SQLite in the data folder")
	f.add(cmd, "server-name", "server_name", "NAME", "the `NAME` in user and room ids, for ever: example.org or example.org:8448")
	return f
}

// serverFlags gives a command every flag that sets a setting.
func serverFlags(cmd *cobra.Command) *settingFlags {
	f := databaseFlags(cmd)
	f.add(cmd, "listen", "listen", "HOST:PORT", "serve HTTP on `HOST:PORT`")
	f.add(cmd, "registration", "registration", "WHO", "who may register: `open|token|closed`", "open", "token", "closed")
	f.add(cmd, "registration-shared-secret", "registration_shared_secret", "S", "let tools that know the secret `S` register accounts")
	f.add(cmd, "rate-limits", "rate_limits.enabled", "on|off", "limit what one user or address may do: `on|off`", "on", "off")
	f.add(cmd, "allow-private-addresses", "allow_private_addresses", "on|off", "let previews, push and federation reach private addresses")
	cmd.PersistentFlags().Lookup("allow-private-addresses").NoOptDefVal = "on"
	f.add(cmd, "ca-file", "ca_file", "PEM", "trust the certificate authorities in the file `PEM`, besides the system's")
	f.add(cmd, "log-level", "log.level", "LEVEL", "log from this `LEVEL` on: debug, info, warn or error", "debug", "info", "warn", "error")
	return f
}

// add makes a flag for a setting. The values, if given, are what the shell completes.
func (f *settingFlags) add(cmd *cobra.Command, name, setting, kind, usage string, values ...string) {
	flag := cmd.PersistentFlags().VarPF(&settingValue{kind: kind}, name, "", usage)
	f.settings[name] = setting
	if len(values) > 0 {
		// The only error is that the flag does not exist, and it was just made.
		_ = cmd.RegisterFlagCompletionFunc(flag.Name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
}

// load gathers the settings from the defaults, the file, the environment and the flags that were given.
func (f *settingFlags) load(cmd *cobra.Command, env []string) (config.Config, error) {
	src := config.Sources{File: f.file, Env: env}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if setting, ok := f.settings[flag.Name]; ok {
			src.Flags = append(src.Flags, config.Flag{Name: "--" + flag.Name, Setting: setting, Value: flag.Value.String()})
		}
	})
	cfg, err := config.Load(src)
	if err != nil {
		return config.Config{}, fmt.Errorf("the settings are wrong:\n%w", err)
	}
	return cfg, nil
}

// settingValue is the text that a flag was given; config.Load says whether it is right. It has no default of its own: that is the
// setting's.
type settingValue struct{ kind, text string }

// String implements pflag.Value.
func (v *settingValue) String() string { return v.text }

// Set implements pflag.Value.
func (v *settingValue) Set(text string) error {
	v.text = text
	return nil
}

// Type implements pflag.Value.
func (v *settingValue) Type() string { return v.kind }

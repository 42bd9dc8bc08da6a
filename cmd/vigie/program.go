package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vigie/cmd/vigie/internal/config"
)

// The exit codes of every subcommand.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// program is one run of vigie: its streams, its environment and the flags that
// all subcommands share.
type program struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string

	json       bool
	configFile string
	link       linkFlags
}

// Run runs vigie with args (without the program's name) and returns the exit
// code. It reads and writes the given streams only, asks getenv for the
// environment, and returns soon after ctx ends.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	p := &program{in: stdin, out: stdout, err: stderr, getenv: getenv}
	root := p.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errQuiet) {
		return exitFailure
	}
	fmt.Fprintln(stderr, "vigie:", err)
	var hint *hintError
	if errors.As(err, &hint) {
		fmt.Fprintln(stderr, hint.hint)
	}
	var usage *usageError
	var problems config.Problems
	switch {
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "See '%s --help'.\n", cmd.CommandPath())
		return exitUsage
	case errors.As(err, &problems):
		return exitUsage
	}
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	return exitFailure
}

const rootLong = `Vigie keeps a list of wanted persons on several nodes and compares travellers
with it: by face, by name, by document. Its answer is a ranked, explained lead;
a person decides.

  vigie demo                     three nodes on this machine, with a list
  vigie init, vigie serve        a cluster of your own
  vigie match photo probe.jpg    ask a node

Exit codes: 0 done, 1 failed, 2 wrong command line or configuration.`

// root builds the command tree.
func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use: "vigie", Short: "A replicated watchlist that matches faces, names and documents", Long: rootLong,
		SilenceErrors: true, SilenceUsage: true,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.PersistentFlags().BoolVar(&p.json, "json", false, "print JSON instead of tables")
	root.AddGroup(
		&cobra.Group{ID: "start", Title: "Start:"},
		&cobra.Group{ID: "ask", Title: "Ask and keep the list (needs a node, see --server):"},
		&cobra.Group{ID: "run", Title: "Run a node:"},
		&cobra.Group{ID: "models", Title: "Models and measurements:"},
	)
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("start", p.demoCmd(), p.initCmd(), p.joinCmd(), p.serveCmd())
	add("ask", p.matchCmd(), p.mrzCmd(), p.photoCmd(), p.entryCmd(), p.documentCmd(), p.importCmd(), p.namesCmd(), p.statusCmd(), p.userCmd(), p.keyCmd(), p.loginCmd())
	add("run", p.tokenCmd(), p.nodeCmd(), p.configCmd(), p.doctorCmd(), p.fsckCmd(), p.backupCmd(), p.restoreCmd(), p.auditCmd(), p.versionCmd(), p.calibrationCmd())
	add("models", p.modelsCmd(), p.evaluateCmd(), p.calibrateCmd(), p.populationCmd())
	return root
}

// group makes a command that only holds subcommands.
func group(use, short, long string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Long: long, Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(subs...)
	return c
}

// unknownCommand refuses any argument of a command that only holds others.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("there is no command %q in %q", args[0], cmd.CommandPath())
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += fmt.Sprintf("; did you mean %q?", near[0])
	}
	return &usageError{errors.New(text)}
}

// usage wraps a positional-argument rule so that breaking it is a usage error.
func usage(rule cobra.PositionalArgs, need string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := rule(cmd, args); err != nil {
			return &usageError{fmt.Errorf("%s needs %s", cmd.CommandPath(), need)}
		}
		return nil
	}
}

// usageError is a wrong command line: exit code 2.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// The words that flags take, as the API's contract lists them.
var (
	purposes = []string{"border_check", "second_line_check", "investigation", "test"}
	roles    = []string{"officer", "supervisor", "administrator", "partner", "auditor"}
)

// oneOf refuses a flag's value that is not among the known ones.
func oneOf(flag, value string, known []string) error {
	if slices.Contains(known, value) {
		return nil
	}
	return usagef("%s: use %s or %s", flag, strings.Join(known[:len(known)-1], ", "), known[len(known)-1])
}

// hintError carries what to do next, printed on a line of its own.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

func withHint(err error, format string, args ...any) error {
	return &hintError{err, fmt.Sprintf(format, args...)}
}

// exitError is an error with an exit code of its own.
type exitError struct {
	err  error
	code int
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// errQuiet ends with exit code 1 when everything has been said already.
var errQuiet = errors.New("failed")

// configFlag adds --config to a command that reads the configuration file.
func (p *program) configFlag(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&p.configFile, "config", "c", "", "configuration file (default $VIGIE_CONFIG, ./vigie.yaml or /etc/vigie/vigie.yaml)")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
}

// loadConfig reads the configuration file that the flags name.
func (p *program) loadConfig() (*config.Config, error) {
	path := config.Find(p.configFile, p.getenv)
	c, err := config.Load(path)
	var problems config.Problems
	switch {
	case err == nil:
		return c, nil
	case errors.As(err, &problems):
		return nil, withHint(problems, "Every key is explained by 'vigie config example'.")
	}
	return nil, withHint(fmt.Errorf("read the configuration: %w", err), "Begin with 'vigie init' (new cluster) or 'vigie join' (one more node); both write it.")
}

// dateFormat is how times are shown in tables: UTC, to the second.
const dateFormat = "2006-01-02 15:04:05Z"

// showTime gives Unix milliseconds as a UTC date, "-" for 0.
func showTime(ms int64) string {
	if ms == 0 {
		return "-"
	}
	return time.UnixMilli(ms).UTC().Format(dateFormat)
}

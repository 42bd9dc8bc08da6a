package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// update rewrites the expected outputs in testdata/script:
// VIGIE_UPDATE_SCRIPTS=1 go test -run TestScripts ./cmd/vigie
var update = os.Getenv("VIGIE_UPDATE_SCRIPTS") != ""

// cleaner removes the built binary after the tests.
type cleaner struct{ m *testing.M }

func (c cleaner) Run() int {
	defer func() {
		if builtIn != "" {
			os.RemoveAll(builtIn)
		}
	}()
	return c.m.Run()
}

func TestMain(m *testing.M) {
	testscript.Main(cleaner{m}, map[string]func(){
		"vigie": func() {
			os.Exit(Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
		},
	})
}

// TestScripts runs the command line as a user would; each file in
// testdata/script is one story.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: update, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir) // no context file of the user
			return nil
		},
	})
}

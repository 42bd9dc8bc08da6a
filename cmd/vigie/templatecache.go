package main

import (
	"errors"

	"github.com/spf13/pflag"

	"vigie/benchmarks/evalfaces"
)

// cacheFlags say where templates are kept while many photos are encoded.
type cacheFlags struct {
	dir  string
	keep bool
}

func (f *cacheFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.dir, "cache", "", "private folder that keeps templates (biometric data) until the run has succeeded")
	flags.BoolVar(&f.keep, "keep-cache", false, "do not remove the templates at the end")
}

func (f cacheFlags) check() error {
	if f.keep && f.dir == "" {
		return usagef("--keep-cache needs --cache DIR")
	}
	return nil
}

// open opens the cache for a model; it gives nil when none is asked for.
func (f cacheFlags) open(model string) (*evalfaces.Cache, error) {
	if f.dir == "" {
		return nil, nil
	}
	return evalfaces.OpenCache(f.dir, model)
}

// closeCache ends the cache of a run that gave err: a run that failed keeps it, to go
// on from, and the user is told where templates lie.
func (p *program) closeCache(f cacheFlags, c *evalfaces.Cache, err error) error {
	if c == nil {
		return err
	}
	keep := f.keep || err != nil
	err = errors.Join(err, c.Close(keep))
	if keep {
		p.note("templates (biometric data) are kept in %s; remove them when you no longer need them", f.dir)
	}
	return err
}

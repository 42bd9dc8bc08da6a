package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"vigie/benchmarks/evalfaces"
	"vigie/cluster/seal"
	"vigie/matcher/population"
	"vigie/watchlist"
)

func (p *program) populationCmd() *cobra.Command {
	return group("population", "Make the people whom an entry is shown to before it is activated",
		`A population is people who agreed to be compared with new entries, so that 'vigie
entry impact' can count who of them would be shown an entry, instead of estimating it.`,
		p.populationBuildCmd(), p.populationShowCmd())
}

// populationGroup is what became of a group's photos.
type populationGroup struct {
	Name string `json:"name"`
	// Persons and Photos are held; Refused are photos that the gate refused,
	// WithoutPhoto persons none of whose photos passed.
	Persons      int            `json:"persons"`
	Photos       int            `json:"photos"`
	Refused      map[string]int `json:"refused,omitzero"`
	WithoutPhoto int            `json:"persons_without_photo"`
}

// populationReport is what build and show say.
type populationReport struct {
	File      string            `json:"file"`
	Digest    string            `json:"digest"`
	CreatedAt time.Time         `json:"created_at"`
	Model     string            `json:"model"`
	Basis     string            `json:"basis"`
	Groups    []populationGroup `json:"groups"`
}

func (p *program) populationBuildCmd() *cobra.Command {
	var out, basis, modelsDir string
	var second secondFlags
	cmd := &cobra.Command{
		Use: "build DIR --out FILE --basis TEXT", Short: "Encode photos of consenting people into a sealed population", Args: usage(cobra.ExactArgs(1), "a folder of photos"),
		Long: `Reads DIR/<group>/<person>/<photo>.jpg (as 'vigie evaluate faces') and writes a file
that a node holds with match.population: the templates, made and judged as those of
travellers, and the name of the group. No photo, name or path is kept.

The file is BIOMETRIC DATA of people who are wanted for nothing. Take volunteers or
officials who consented in writing to this use, or another ground in law that your
data-protection authority accepts; say which with --basis, without anybody's name: it
is kept in the file and shown with every answer that rests on it. Who withdraws must be
taken out: build the file again without them, bring it to all nodes and destroy the old
one with its copies. Keep it no longer than the consent says; remove the photos when
the file is made, unless the consent covers them too.

The file is sealed with the cluster's key (node.cluster_key_file of the configuration),
so it opens on the nodes of this cluster only. Copy it to each node; the user that runs
the node must be able to read it. It carries the model: after a change of model it is
refused until it is built anew.

Take people like the posts' travellers: a group of other people says nothing of them.
With none of N persons shown, up to 3.7/N of the travellers still may be (95 %): 400
persons leave 9 in a thousand. One photo a person is best: with several, a person counts
once when any of them reaches the threshold, and the count comes out high. A group needs
5 persons at least, a file holds 100,000 photos at most (51 MB of memory with dlib
alone).`,
		Example: "  vigie population build volunteers/ --out /var/lib/vigie/population --basis 'written consent, staff of Dakar airport, May 2026'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" || basis == "" {
				return usagef("say where the file goes and by which right these people are held: --out FILE --basis TEXT")
			}
			if err := population.CheckBasis(basis); err != nil {
				return usagef("--basis: %w", err)
			}
			key, err := p.clusterKey()
			if err != nil {
				return err
			}
			engine, err := p.offlineEngine(modelsDir, second)
			if err != nil {
				return err
			}
			defer engine.Close()
			o := p.evalOptions()
			o.ProbesOnly = true
			set, err := evalfaces.Load(cmd.Context(), args[0], engine, o)
			if err != nil {
				return err
			}
			return p.buildPopulation(out, basis, set, key)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&out, "out", "", "file to write (required)")
	fl.StringVar(&basis, "basis", "", "by which right these people are held, 10 to 500 characters, no names (required)")
	fl.StringVar(&modelsDir, "models", "", "folder of the models (default: where serve would find them)")
	second.add(fl)
	p.configFlag(cmd)
	return cmd
}

// buildPopulation makes the file out of encoded photos.
func (p *program) buildPopulation(out, basis string, set *evalfaces.Set, key *seal.Key) error {
	var persons []population.Person
	var groups []populationGroup
	for _, g := range set.Groups {
		all := map[string]*population.Person{}
		row := populationGroup{Name: g.Name, Refused: map[string]int{}}
		for _, photo := range g.Photos {
			if all[photo.Person] == nil {
				all[photo.Person] = &population.Person{Group: g.Name}
			}
			if photo.Refused != "" {
				row.Refused[photo.Refused]++
				continue
			}
			row.Photos++
			all[photo.Person].Templates = append(all[photo.Person].Templates, photo.Probe)
		}
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if len(all[name].Templates) == 0 {
				row.WithoutPhoto++
				continue
			}
			row.Persons++
			persons = append(persons, *all[name])
		}
		if row.Photos > row.Persons {
			p.note("note: group %q has several photos of some persons; each counts once, when any photo reaches the threshold, so its counts come out high", g.Name)
		}
		groups = append(groups, row)
	}
	held, err := population.New(set.Model, basis, time.Now().UnixMilli(), persons)
	if err != nil {
		for _, g := range groups {
			p.note("group %q: %d persons, %d photos; refused: %s", g.Name, g.Persons, g.Photos, refusals(g.Refused))
		}
		return err
	}
	if err := writeWhole(out, 0o600, func(w io.Writer) error { return held.Write(w, key) }); err != nil {
		return err
	}
	return p.emitPopulation(out, held.About(), groups)
}

func (p *program) populationShowCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show FILE", Short: "Say whom a population file holds, by group", Args: usage(cobra.ExactArgs(1), "a population file"),
		Long:    "Opens the file with the cluster's key and prints digest, date, model, basis and the\ncounts of its groups: what an answer that rests on it names.",
		Example: "  vigie population show /var/lib/vigie/population",
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := p.clusterKey()
			if err != nil {
				return err
			}
			held, err := openPopulation(args[0], key)
			if err != nil {
				return err
			}
			about := held.About()
			var groups []populationGroup
			for _, g := range about.Groups {
				groups = append(groups, populationGroup{Name: g.Name, Persons: g.Persons, Photos: g.Photos})
			}
			return p.emitPopulation(args[0], about, groups)
		},
	}
	p.configFlag(cmd)
	return cmd
}

func (p *program) emitPopulation(file string, about watchlist.Population, groups []populationGroup) error {
	report := populationReport{File: file, Digest: about.Digest, CreatedAt: time.UnixMilli(about.CreatedAt).UTC(), Model: about.Model, Basis: about.Basis, Groups: groups}
	return p.emit(report, func(w io.Writer) {
		row(w, "file", report.File, "BIOMETRIC DATA, sealed")
		row(w, "digest", report.Digest)
		row(w, "made", report.CreatedAt.Format(dateFormat))
		row(w, "model", report.Model)
		row(w, "basis", report.Basis)
		row(w, "")
		row(w, "GROUP", "PERSONS", "PHOTOS", "REFUSED", "PERSONS WITHOUT PHOTO")
		for _, g := range groups {
			if g.Refused == nil {
				row(w, g.Name, g.Persons, g.Photos)
				continue
			}
			row(w, g.Name, g.Persons, g.Photos, refusals(g.Refused), g.WithoutPhoto)
		}
	})
}

// refusals lists codes with their counts.
func refusals(by map[string]int) string {
	var b bytes.Buffer
	for i, code := range slices.Sorted(maps.Keys(by)) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d %s", by[code], code)
	}
	return dash(b.String())
}

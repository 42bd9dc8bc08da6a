package main

import (
	"fmt"
	"log/slog"
	"os"

	"vigie/cluster/seal"
	"vigie/cmd/vigie/internal/config"
	"vigie/matcher"
	"vigie/matcher/population"
	"vigie/models"
	"vigie/watchlist"
)

// clusterKey loads the key that seals what all nodes share.
func (p *program) clusterKey() (*seal.Key, error) {
	c, err := p.loadConfig()
	if err != nil {
		return nil, err
	}
	return loadClusterKey(c)
}

func loadClusterKey(c *config.Config) (*seal.Key, error) {
	key, err := seal.Load(c.Node.ClusterKeyFile)
	if err != nil {
		return nil, withHint(fmt.Errorf("the cluster's key: %w", err), "Run this on a node of the cluster, as the user that runs vigie.")
	}
	return key, nil
}

// heldPopulation reads the population that a node is configured to hold, nil for
// none. One that can't be used is no reason to stop: officers need the node, and the
// entry-impact test says that nothing was replayed.
func heldPopulation(c *config.Config, log *slog.Logger) matcher.Population {
	if c.Match.Population == "" {
		return nil
	}
	key, err := loadClusterKey(c)
	var held *population.Population
	if err == nil {
		held, err = openPopulation(c.Match.Population, key)
	}
	if err != nil {
		log.Error("the population can't be used: entries are not replayed against it", "key", "match.population", "error", err)
		return population.Unusable()
	}
	about := held.About()
	log.Info("a population is held to replay entries against", "digest", about.Digest, "persons", held.Persons(), "model", about.Model)
	return held
}

// openPopulation reads a population file.
func openPopulation(path string, key *seal.Key) (*population.Population, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	held, err := population.Read(f, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return held, nil
}

// checkPopulation opens the population that the node is to hold.
func (d *doctor) checkPopulation(c *config.Config) {
	if c.Match.Population == "" {
		return
	}
	key, err := loadClusterKey(c)
	if err != nil {
		return // checkKeys says it
	}
	held, err := openPopulation(c.Match.Population, key)
	if err != nil {
		d.fail("population", "build it again with 'vigie population build', or empty match.population", "%v", err)
		return
	}
	about := held.About()
	if want := templateModel(c.Faces.Second); about.Model != want && !watchlist.ModelHasPart(about.Model, want) {
		d.warn("population", "build it again from the photos, with --recipe where faces.second is on", "no entry is replayed against it: its templates are of %s, the node compares %s", about.Model, want)
		return
	}
	d.ok("population", "%d persons in %d groups, made %s, for %s", held.Persons(), len(about.Groups), showTime(about.CreatedAt), about.Model)
}

// templateModel is the model of the templates that a node makes; dlib's where the
// second encoder's recipe can't be read, which checkSecond says.
func templateModel(second config.Second) string {
	if second.On() {
		if r, err := models.OpenRecipe(second.Recipe); err == nil {
			return r.CompositeModel()
		}
	}
	return models.DlibModel
}

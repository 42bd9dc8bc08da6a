package main

import (
	"io"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"vigie/cmd/vigie/internal/config"
)

func (p *program) configCmd() *cobra.Command {
	example := &cobra.Command{
		Use: "example", Short: "Print a commented configuration with all defaults", Args: usage(cobra.NoArgs, "no arguments"),
		Example: "  vigie config example > vigie.yaml",
		RunE: func(*cobra.Command, []string) error {
			b, err := config.Example(nil)
			if err != nil {
				return err
			}
			_, err = p.out.Write(b)
			return err
		},
	}
	check := &cobra.Command{
		Use: "check", Short: "Check a configuration file and show what is in force", Args: usage(cobra.NoArgs, "no arguments"),
		Example: "  vigie config check --config /etc/vigie/vigie.yaml",
		RunE: func(*cobra.Command, []string) error {
			c, err := p.loadConfig()
			if err != nil {
				return err
			}
			plain, err := plainConfig(c)
			if err != nil {
				return err
			}
			return p.emit(plain, func(w io.Writer) {
				row(w, "file", c.Path())
				row(w, "node", c.Node.Name, "data in "+c.Node.DataDir)
				row(w, "origin", c.Origin.Country, c.Origin.Authority)
				row(w, "api", c.Listen.API, "reached as "+c.Advertise.API)
				row(w, "cluster", c.Listen.Cluster, "reached as "+c.Advertise.Cluster+", link "+c.Link.Profile)
				row(w, "faces", c.Faces.Engine, "models in "+dash(c.Faces.ModelsDir))
				if s := c.Faces.Second; s.On() {
					row(w, "second encoder", s.Recipe, "model in "+s.Dir+", library "+s.Library)
				}
			})
		},
	}
	p.configFlag(check)
	return group("config", "Print or check the configuration", "", example, check)
}

// plainConfig gives the configuration under the keys of the file.
func plainConfig(c *config.Config) (map[string]any, error) {
	b, err := yaml.Marshal(c)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	return out, yaml.Unmarshal(b, &out)
}

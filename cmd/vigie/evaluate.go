package main

import "github.com/spf13/cobra"

func (p *program) evaluateCmd() *cobra.Command {
	return group("evaluate", "Measure accuracy on labelled data",
		"Results are aggregates: no name of a person or photo is printed.",
		p.evaluateFacesCmd(), p.evaluateQualityCmd(), p.evaluateNamesCmd())
}

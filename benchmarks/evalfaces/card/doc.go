// Package card writes an evaluation of faces as a folder: report.json, the model
// card card.md, and its plots as SVG. It holds aggregates only.
package card

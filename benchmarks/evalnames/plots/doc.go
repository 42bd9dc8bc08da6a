// Package plots draws the evaluation of name searches as SVG files.
package plots

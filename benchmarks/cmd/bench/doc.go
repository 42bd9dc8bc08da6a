// Command bench measures one area and writes benchmarks/out/AREA.json and the
// area's section of benchmarks/RESULTS.md.
package main

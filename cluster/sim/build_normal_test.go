//go:build !plantedbugs

package sim

// plantedBuild tells which build this is.
const plantedBuild = false

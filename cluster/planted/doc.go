// Package planted holds ten faults that the tests of the cluster must find. A
// harness that never failed proves nothing.
//
// In a normal build there is nothing here but functions that return at once and
// vanish by inlining; TestNothingPlantedInANormalBuild searches the binary. With
// the build tag plantedbugs, the fault that VIGIE_PLANTED_BUG names when the
// process starts is alive, one at a time. `make sim-bugs` runs the simulation
// against each.
package planted

//go:build !race

package mem

const underRace = false

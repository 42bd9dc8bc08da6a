// Package degrade makes photos worse in known steps, for measuring what that costs:
// blur, noise, compression, exposure, distance and a turned head. It is pure: equal
// photos give equal bytes on one kind of machine.
package degrade

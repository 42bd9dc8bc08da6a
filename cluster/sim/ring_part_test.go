//go:build !nodlib || race

package sim

import "time"

// ringLength is short here: the whole ring runs once in `make test`, without the
// face engine and the race detector, which have no part in it or slow it down.
const ringLength = 2 * time.Hour

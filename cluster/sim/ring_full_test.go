//go:build nodlib && !race

package sim

import "time"

// ringLength is how long the short ring runs in virtual time.
const ringLength = 24 * time.Hour

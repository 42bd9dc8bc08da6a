//go:build !linux

package clusterbench

// wire needs Linux.
type wire struct{}

func listen([]owner) (*wire, error)            { return nil, ErrRights }
func (*wire) reset()                           {}
func (*wire) counts() (map[int]traffic, error) { return nil, ErrRights }
func (*wire) close() error                     { return nil }

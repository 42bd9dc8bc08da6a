package spaces

import "sync"

// uses counts the searches under way in a space. It is safe for concurrent use.
type uses struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // not nil once no more may enter; closed when the last has left
}

// enter counts a search in, unless the space takes no more.
func (u *uses) enter() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.idle != nil {
		return false
	}
	u.n++
	return true
}

func (u *uses) leave() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.n--; u.n == 0 && u.idle != nil {
		close(u.idle)
	}
}

// shut lets no more in and gives a channel that is closed when all have left. It
// may be called once.
func (u *uses) shut() <-chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.idle = make(chan struct{})
	if u.n == 0 {
		close(u.idle)
	}
	return u.idle
}

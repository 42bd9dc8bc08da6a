package auth

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter bounds how often something may be tried per key, such as a sign-in
// per login and address. It keeps at most Keys keys; when there are more, it
// forgets those that are back at their full allowance, and refuses new ones if
// there are none.
type Limiter struct {
	every time.Duration
	burst int
	keys  int

	mu sync.Mutex
	m  map[string]*rate.Limiter // guarded by mu
}

// NewLimiter allows burst tries at once and one more each time that every has
// passed, for at most keys keys at a time.
func NewLimiter(every time.Duration, burst, keys int) *Limiter {
	return &Limiter{every: every, burst: burst, keys: keys, m: make(map[string]*rate.Limiter)}
}

// Allow takes one try for key at now. When it is refused, wait is the time to
// the next try, at least a second.
func (l *Limiter) Allow(key string, now time.Time) (ok bool, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.m[key]
	if r == nil {
		if len(l.m) >= l.keys {
			l.forget(now)
		}
		if len(l.m) >= l.keys {
			return false, max(l.every, time.Second)
		}
		r = rate.NewLimiter(rate.Every(l.every), l.burst)
		l.m[key] = r
	}
	if r.AllowN(now, 1) {
		return true, 0
	}
	missing := math.Max(1-r.TokensAt(now), 0)
	return false, max(time.Duration(missing*float64(l.every)), time.Second)
}

// Reset gives key its full allowance back, after a success.
func (l *Limiter) Reset(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.m, key)
}

func (l *Limiter) forget(now time.Time) {
	for k, r := range l.m {
		if r.TokensAt(now) >= float64(l.burst) {
			delete(l.m, k)
		}
	}
}

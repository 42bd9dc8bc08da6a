package snapshot

import (
	"sync/atomic"
	"time"
)

const (
	// paceSlice is how long a Pacer lets work go on before it rests.
	paceSlice = time.Millisecond
	// paceLongest bounds one rest.
	paceLongest = 20 * time.Millisecond
)

// Pacer keeps work in the background from taking a whole core: after each slice it
// rests for as long as the slice took, unless somebody waits for the end. It is for
// one goroutine.
type Pacer struct {
	began   time.Time
	waiting *atomic.Int32
}

// NewPacer begins; waiting counts those who wait.
func NewPacer(waiting *atomic.Int32) *Pacer { return &Pacer{began: time.Now(), waiting: waiting} }

// Step is called between small pieces of work.
func (p *Pacer) Step() {
	worked := time.Since(p.began)
	if worked < paceSlice {
		return
	}
	if p.waiting.Load() == 0 {
		time.Sleep(min(worked, paceLongest))
	}
	p.began = time.Now()
}

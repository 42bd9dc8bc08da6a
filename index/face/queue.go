package face

import (
	"slices"
	"sync"

	"vigie/watchlist"
)

// batchMost is how many waiting queries a pass takes.
const batchMost = 8

// queue bounds how many goroutines scan and how many queries wait for them.
type queue struct {
	most int // that may wait

	mu      sync.Mutex
	free    int // goroutines that may start to scan
	scans   int // goroutines that do
	waiting []*job
}

// enter tells that the job may start a pass now, or lets it wait. It fails with
// watchlist.ErrOverloaded when too many wait.
func (q *queue) enter(j *job) (start bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free > 0 {
		q.begin()
		return true, nil
	}
	if len(q.waiting) >= q.most {
		return false, watchlist.ErrOverloaded
	}
	q.waiting = append(q.waiting, j)
	return false, nil
}

// leave takes a waiting job out; it is false when a pass has the job.
func (q *queue) leave(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, j)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return true
}

// helper takes one more goroutine for a pass, when it would stand idle.
func (q *queue) helper() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free == 0 || len(q.waiting) > 0 {
		return false
	}
	q.begin()
	return true
}

// leaveScan gives n goroutines back and returns the batches that may start now:
// what waits is shared out evenly.
func (q *queue) leaveScan(n int) (batches [][]*job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free += n
	q.scans -= n
	for q.free > 0 && len(q.waiting) > 0 {
		size := min(batchMost, (len(q.waiting)+q.free-1)/q.free)
		batches = append(batches, slices.Clone(q.waiting[:size]))
		q.waiting = slices.Delete(q.waiting, 0, size)
		q.begin()
	}
	return batches
}

// scanning reports whether a goroutine scans.
func (q *queue) scanning() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.scans > 0
}

// begin counts a goroutine that starts to scan. The caller holds mu.
func (q *queue) begin() {
	q.free--
	q.scans++
}

// length is how many jobs wait.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

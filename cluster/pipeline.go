package cluster

import (
	"sync"

	"github.com/hashicorp/raft"
)

// pipeline takes every answer off raft's pipeline, whether raft still asks for it
// or not. Raft stops asking when a follower refuses entries, and may then send
// once more: that call would wait for ever for an answer before it to be taken.
// The leader would go on with its heartbeats, the follower would get no entry
// again, and Shutdown would not end (hashicorp/raft issue 612).
type pipeline struct {
	raft.AppendPipeline
	out  chan raft.AppendFuture
	done chan struct{}
	once sync.Once
}

func newPipeline(p raft.AppendPipeline) *pipeline {
	out := &pipeline{AppendPipeline: p, out: make(chan raft.AppendFuture), done: make(chan struct{})}
	go out.take()
	return out
}

// take passes answers on in order. What waits is bounded by what raft sends
// before it notices that nobody asks: the choice is even each time.
func (p *pipeline) take() {
	var waiting []raft.AppendFuture
	for {
		var out chan raft.AppendFuture
		var next raft.AppendFuture
		if len(waiting) > 0 {
			out, next = p.out, waiting[0]
		}
		select {
		case f := <-p.AppendPipeline.Consumer():
			waiting = append(waiting, f)
		case out <- next:
			waiting = waiting[1:]
		case <-p.done:
			return
		}
	}
}

// Consumer implements raft.AppendPipeline.
func (p *pipeline) Consumer() <-chan raft.AppendFuture { return p.out }

// Close implements raft.AppendPipeline.
func (p *pipeline) Close() error {
	p.once.Do(func() { close(p.done) })
	return p.AppendPipeline.Close()
}

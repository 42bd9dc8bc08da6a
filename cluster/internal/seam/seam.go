package seam

import (
	"io"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/raft"
	"github.com/hashicorp/raft-wal/types"

	"vigie/watchlist"
)

// Seams replaces parts of a node; what is nil stays as it is.
type Seams struct {
	// Network stands in for the cluster port.
	Network func(Server) Network
	// Disk holds the files of the raft log and its metadata.
	Disk func() (types.VFS, types.MetaStore)
	// SegmentSize is that of a log file, bytes; 0 for the usual one.
	SegmentSize int
	// Log wraps the raft log, to make it slow.
	Log func(Log) Log
	// Uptime is a clock that never jumps.
	Uptime func() time.Duration
}

// Server is what a node offers its peers.
type Server struct {
	Self watchlist.NodeID
	// Control serves the members.
	Control http.Handler
	// Authorise tells whether a node is a member.
	Authorise func(watchlist.NodeID) error
}

// Network connects a node with the others. transport.Transport is the real one.
type Network interface {
	Callers
	Port
	// Raft gives raft its connections; closing it stops raft's part only.
	Raft() raft.StreamLayer
}

// Callers gives clients whose host names are node ids.
type Callers interface {
	Client() *http.Client
	BulkClient() *http.Client
}

// Port is where the others come in.
type Port interface {
	Addr() net.Addr
	// Serve begins to accept and returns at once.
	Serve()
	// Sweep closes the connections of nodes that are no members any more.
	Sweep()
	io.Closer
}

// Log keeps raft's entries and votes. *wal.WAL is the real one.
type Log interface {
	raft.LogStore
	raft.StableStore
	raft.MonotonicLogStore
	io.Closer
}

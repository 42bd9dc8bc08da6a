package cluster

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/hashicorp/raft"

	"vigie/cluster/blob"
	"vigie/watchlist"
)

// controlPlane is what members may ask of this node. The transport has checked
// who they are.
func (n *Node) controlPlane() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pathPropose, n.servePropose)
	mux.HandleFunc("POST "+pathIndex, n.serveIndex)
	mux.HandleFunc("POST "+pathTerm, n.serveTerm)
	mux.HandleFunc("POST "+pathProgress, n.serveProgress)
	mux.HandleFunc("POST "+pathAnnounce, n.serveAnnounce)
	mux.HandleFunc("POST "+pathTransfer, n.serveTransfer)
	mux.HandleFunc("POST "+pathAdmit, n.serveAdmit)
	mux.HandleFunc("GET "+pathBlob+"{id}", n.serveBlobPiece)
	mux.HandleFunc("PUT "+pathBlob+"{id}", n.serveBlobPut)
	return mux
}

// joinPlane is what anybody may ask.
func (n *Node) joinPlane() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pathJoin, n.serveJoin)
	return mux
}

// blobPeers implements blob.Peers over the control plane.
type blobPeers struct{ n *Node }

// Replicas implements blob.Peers: the other voters, and how many of them make a
// majority together with this node.
func (p blobPeers) Replicas() (peers []watchlist.NodeID, need int) {
	voters, self := 0, 0
	for _, s := range p.n.servers() {
		if s.Suffrage != raft.Voter {
			continue
		}
		voters++
		if s.ID == raft.ServerID(p.n.id.Node) {
			self = 1
			continue
		}
		peers = append(peers, watchlist.NodeID(s.ID))
	}
	return peers, voters/2 + 1 - self
}

// Sources implements blob.Peers: nodes that answer first, the leader last, since
// it has the most to do.
func (p blobPeers) Sources() []watchlist.NodeID {
	leader := p.n.leader()
	var up, down, last []watchlist.NodeID
	for _, m := range p.n.book.others() {
		switch {
		case m.ID == leader:
			last = append(last, m.ID)
		case p.n.progress.get(m.ID).ok:
			up = append(up, m.ID)
		default:
			down = append(down, m.ID)
		}
	}
	return append(append(up, last...), down...)
}

// Push implements blob.Peers.
func (p blobPeers) Push(ctx context.Context, peer watchlist.NodeID, id watchlist.BlobID, plain []byte) error {
	_, err := roundTrip(ctx, p.n.net.BulkClient(), http.MethodPut, peer, pathBlob+string(id), plain, maxReply)
	return err
}

// pieceHeader is the blob's size before each piece, bytes.
const pieceHeader = 4

// Piece implements blob.Peers.
func (p blobPeers) Piece(ctx context.Context, peer watchlist.NodeID, id watchlist.BlobID, offset int) ([]byte, int, error) {
	path := pathBlob + string(id) + "?offset=" + strconv.Itoa(offset)
	b, err := roundTrip(ctx, p.n.net.BulkClient(), http.MethodGet, peer, path, nil, blob.PieceSize+pieceHeader)
	if err != nil {
		return nil, 0, err
	}
	if len(b) < pieceHeader {
		return nil, 0, errors.New("short piece")
	}
	return b[pieceHeader:], int(binary.LittleEndian.Uint32(b)), nil
}

func (n *Node) serveBlobPiece(w http.ResponseWriter, r *http.Request) {
	offset, err := strconv.Atoi(r.URL.Query().Get("offset"))
	if err != nil {
		reply(w, nil, fmt.Errorf("%w: no offset", errRefused))
		return
	}
	piece, total, err := n.blobs.Piece(blobID(r), offset)
	if err != nil {
		reply(w, nil, err)
		return
	}
	writeBody(w, http.StatusOK, append(binary.LittleEndian.AppendUint32(nil, uint32(total)), piece...))
}

func (n *Node) serveBlobPut(w http.ResponseWriter, r *http.Request) {
	b, err := readAll(r)
	if err == nil {
		err = n.blobs.Accept(blobID(r), b)
	}
	reply(w, struct{}{}, err)
}

func blobID(r *http.Request) watchlist.BlobID {
	return watchlist.BlobID(strings.ToLower(r.PathValue("id")))
}

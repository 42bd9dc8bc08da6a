// Package blob keeps photos and calibration files outside the raft log: a content-addressed store on
// each node. A blob's name is the SHA-256 of its plain bytes, so what a peer
// sends is checked by its name, and two copies are never kept.
//
// On disk a blob is sealed with the node's key (associated data: its name) in
// <dir>/<first two digits>/<name>. It is written to <dir>/tmp, synced, renamed
// and its folder synced: after Put it survives a power cut, and no reader ever
// sees half of it. Pieces of an interrupted fetch wait, sealed, in
// <dir>/partial, so that a cut link costs at most one piece.
//
// Put returns when a majority of the voters holds the blob. At most 4 pushes go
// to one peer at once, and a peer that is too busy is left to fetch. Entries refer to
// blobs by name; a node that has the entry but not yet the blob fetches it in
// the background (Want) or on demand (Get), from any peer that has it.
//
// Blobs are never deleted here: which are still referred to is the registry's
// knowledge, and deletion belongs to retention.
//
// All methods of Store are safe for concurrent use.
package blob

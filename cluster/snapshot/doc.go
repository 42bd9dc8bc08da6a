// Package snapshot writes and reads the whole replicated state as one stream:
// what raft keeps to shorten its log and sends to a node that is far behind.
//
// The stream, all numbers big-endian:
//
//	header   magic "VIGIESNP", version u16, index u64, term u64, state hash 32,
//	         records u64, entries u64
//	seal     u32 length, sealed empty value
//	frame*   u32 length, sealed (kind 1, zstd of records)
//	trailer  u32 length, sealed (kind 2, records u64, state hash 32)
//
// A record is three byte strings, bucket, key and value, each behind its length
// as an unsigned varint. Every sealed part has the SHA-256 of the header and
// its own sequence number as associated data, under the cluster key: a changed
// bit, a missing, doubled or moved part, and a part of another snapshot do not
// open. The reader also adds up the state hash of what it read; only io.EOF from
// Next says that the stream was whole and right. Frames are compressed before
// they are sealed, so the stream tells its size and nothing else.
package snapshot

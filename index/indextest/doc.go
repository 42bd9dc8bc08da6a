// Package indextest is the conformance suite that every derived index passes.
//
// A derived index (faces, names, documents) is fed by one goroutine, the one
// that applies raft commands, and read by any number of others. The suite holds
// it to this contract:
//
//   - an index holds exactly the entries whose stored Status is active; expiry
//     is the reader's business, since it depends on the clock;
//   - Apply puts an entry in, replaces it, or takes it out, before it returns;
//     the same change applied twice changes nothing;
//   - Rebuild builds aside and swaps: readers go on undisturbed, see the whole
//     old index or the whole new one, and a failed Rebuild changes nothing;
//   - Applied is the raft index of the last Apply or Rebuild that succeeded;
//   - what Rebuild makes of a registry equals what Apply made of its history.
//
// Use it from the index's own test, and run that under the race detector:
//
//	func TestConformance(t *testing.T) {
//		indextest.Run(t, newIndex, func(ctx context.Context, x *Index, e *watchlist.Entry) ([]watchlist.EntryID, error) {
//			… search x for e's own names, faces or documents …
//		})
//	}
package indextest

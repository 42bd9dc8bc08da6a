// Package spaces keeps the calibrated space that a node compares faces in, and
// changes it when the cluster decides on another calibration.
//
// A space is one calibration with the gallery that it projected and the matcher
// over both. The node searches one space at a time: a search takes it once, at
// its beginning, and uses nothing of another, so no answer mixes two. After a
// decision the next space is built beside the one that serves, from the registry
// and from the changes that come meanwhile, and takes its place in one step at
// the same raft index. A node that can't get the file or can't use it goes on
// with the space that it has and says so.
//
// Each space has a folder of its own for the gallery's files, named after the
// version. When a space is replaced, its files become a past space, kept for as
// long as the gallery's history reaches, so that a search made in it can be
// replayed with its own calibration.
//
// The gallery of a second encoder has Spaces of its own, which follow the decisions on
// the calibration of both encoders (watchlist.DecisionsFor). The matcher of the first
// ones takes them for each search as well (Hold). What they replaced is not kept.
package spaces

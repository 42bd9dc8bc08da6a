// Package file keeps a face gallery on disk: one sealed file per segment, and a
// sealed manifest that says which files make up the gallery.
//
// The files are a cache. The registry is the authority, and whatever does not
// fit (another key, version, calibration or registry, a missing, damaged or
// foreign file) is a reason to build the gallery anew, never a reason to fail.
//
// Every file has the same frame, numbers little-endian:
//
//	header  magic "VIGIEGAL", version u16, kind u16, overhead u32,
//	        plain length u64, file id 16
//	part*   the plain bytes in parts of 1 MiB, each sealed, the last one shorter
//
// A sealed part is overhead bytes longer than its plain bytes. Its associated
// data is the header, the digest of the tag (model, calibration, projection),
// the part's number and whether it is the last. So a flipped bit, a missing,
// doubled or moved part, a cut file, and a part of another file or of a gallery
// for another calibration do not open. The manifest carries each file's digest
// over the header and the seals of all parts.
//
// WriteWhole and ReadWhole keep the content of another index in one file of the
// same frame.
//
// Files are written under a temporary name, synced, renamed, and their folder is
// synced; the manifest comes last, and only then are the files that it does not
// name removed. A crash leaves the old gallery or the new one.
package file

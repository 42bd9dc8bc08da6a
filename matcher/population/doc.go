// Package population holds the people against whom an entry is replayed before it
// is activated: who of them would be shown it. They agreed to that; their templates
// are biometric data all the same.
//
// A Population is templates of one model, made as a probe's, with the name of a
// group and nothing else: no name of a person, no path, no photo. Persons stand in
// the order of their templates' bytes, so that the order tells nothing of names
// either. A group has MinPersons persons or more, so that a count of one does
// not say who; somebody whose photo is at hand can still be looked for (PRIVACY.md).
//
// In a file it is sealed. Numbers are big-endian:
//
//	header  magic "VIGIEPOP", version u16, file id 16
//	part*   length u32, sealed bytes
//
// Part 0 is the head (CBOR: model, time, basis, groups and their counts, digest of
// the persons), each further part up to personsPerPart persons (CBOR). A part is
// bound to the header, its number and whether it is the last, so a changed, cut,
// doubled or moved part does not open.
package population

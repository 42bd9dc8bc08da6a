// Package sharing decides who may see which parts of a record: a partner country,
// another service of the own country, or an own post.
//
// A record is divided into groups of fields. A Policy grants groups to recipients,
// by category of the entry; what it does not grant stays here. Above every grant
// stand rules that no policy can lift: only active entries leave; nothing goes to a
// country that the entry's ReleasableTo does not name; a record of another country
// is passed on to nobody; a handling caveat that the policy does not know stops the
// entry at the border.
//
// Decide is the one function for all uses: the feed, the preview ("what would this
// partner see of this entry, and why not"), and views between services. It is pure,
// and its answer gives a code for each group, shown or not.
//
// A Policy is replicated state: its encoding is deterministic CBOR, and golden bytes
// in testdata pin it.
package sharing

// Package fitnames fits matcher/score's calibration of names and dates of birth to
// labelled data, and tests the fit on people and surname families that it did not
// see. The same folder gives the same bytes. The result holds counts, shares and
// LLRs; no name leaves the package, and errors name files and lines only.
//
// Mated pairs are a listed person's name and an alias (OFAC; UN, quality Good),
// name_bench's matching pairs, and regional names drawn by the counts of Senegal's
// officials and written again as a traveller's document may have them (orthography,
// typing error, order, a missing given name: see region.go). The others are names of
// two people drawn at random from the same set, and synthetic strangers against
// OFAC's list. name_bench's other pairs are made to mislead and are no random
// strangers; they are left out.
package fitnames

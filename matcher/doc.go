// Package matcher turns a probe, what is known of the traveller in front of the
// officer, into a lead: a ranked list of watchlist entries that may be this
// person, with the evidence for and against each. It never decides who somebody
// is.
//
// A match runs in four steps. The probe is checked; its photos become templates;
// gallery, name index and document index are searched side by side; and every
// entry that one of them brought up is compared with the probe in all respects
// that both know, so that a face found by chance meets a birth date that speaks
// against it. The comparators and their likelihood ratios live in matcher/score,
// the face pipeline in matcher/face; DESIGN.md has the rules of admission,
// fusion and bands.
//
// The package holds no state of its own and touches no disk: a probe is gone
// once its lead is returned (D13).
package matcher

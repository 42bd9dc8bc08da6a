package fsck

import (
	"fmt"
	"time"
)

// Level says how bad a finding is.
type Level string

// The levels. Damage: something is wrong that must be dealt with. Note: what a crash
// or normal work leaves and the node deals with itself.
const (
	Damage Level = "damage"
	Note   Level = "note"
)

// Finding is one thing that was found.
type Finding struct {
	Code  Code  `json:"code"`
	Level Level `json:"level"`
	// Where is a path below the data folder, Index a raft index (0: none), Count how
	// often it was found.
	Where string `json:"where"`
	Index uint64 `json:"index,omitempty"`
	Count int    `json:"count"`
	// Detail is what was seen here, Meaning what that means, Do what to do.
	Detail  string `json:"detail,omitempty"`
	Meaning string `json:"meaning"`
	Do      string `json:"do,omitempty"`
}

// Part tells what was read of one part of the folder.
type Part struct {
	Name string `json:"name"`
	// Items counts what Unit names.
	Items int    `json:"items"`
	Unit  string `json:"unit"`
	// Took is how long it took, milliseconds.
	Took int64 `json:"took_ms"`
}

// Report is the outcome of a check.
type Report struct {
	Dir     string `json:"dir"`
	Cluster string `json:"cluster,omitempty"`
	Node    string `json:"node,omitempty"`
	// Clean: no damage was found; there may be notes.
	Clean bool `json:"clean"`
	// Index, Term and StateHash are where the registry stands, Entries how many
	// entries of any status it holds.
	Index     uint64 `json:"index"`
	Term      uint64 `json:"term"`
	StateHash string `json:"state_hash,omitempty"`
	Entries   uint64 `json:"entries"`
	// Replayed: snapshot and log were applied anew up to Index.
	Replayed bool      `json:"replayed"`
	Parts    []Part    `json:"parts"`
	Findings []Finding `json:"findings"`
}

// maxFindings bounds how many findings of one code are listed apart.
const maxFindings = 20

// Add takes a finding in. Of one code at most 20 are listed; later ones are counted
// in the last.
func (r *Report) Add(code Code, where string, index uint64, format string, args ...any) {
	r.AddCount(code, where, index, 1, format, args...)
}

// AddCount is Add for n things of one kind.
func (r *Report) AddCount(code Code, where string, index uint64, n int, format string, args ...any) {
	k := catalogue[code]
	if k.level == Damage {
		r.Clean = false
	}
	same := 0
	for i := range r.Findings {
		if r.Findings[i].Code != code {
			continue
		}
		if same++; same == maxFindings {
			r.Findings[i].Count += n
			return
		}
	}
	r.Findings = append(r.Findings, Finding{
		Code: code, Level: k.level, Where: where, Index: index, Count: n,
		Detail: fmt.Sprintf(format, args...), Meaning: k.meaning, Do: k.do,
	})
}

// Has reports whether a code was found.
func (r *Report) Has(code Code) bool {
	for _, f := range r.Findings {
		if f.Code == code {
			return true
		}
	}
	return false
}

// part notes what was read, and how long it took since begin.
func (r *Report) part(name string, items int, unit string, begin time.Time) {
	r.Parts = append(r.Parts, Part{Name: name, Items: items, Unit: unit, Took: time.Since(begin).Milliseconds()})
}

package registry_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"vigie/cluster/registry"
	"vigie/watchlist"
)

func reportID(n int) watchlist.ReportID {
	return watchlist.ReportID(fmt.Sprintf("SEN-0192f0c1-0000-7000-8000-%012d", n))
}

// TestReportRaisesTheFormat: the first reported document makes the file one that an
// earlier release refuses, also when it has no decision on a calibration, and the
// file opens again; pages follow one another without gap or repeat.
func TestReportRaisesTheFormat(t *testing.T) {
	path, key := filepath.Join(t.TempDir(), "registry.db"), newKey(t)
	open := func() *registry.Store {
		s, err := registry.Open(path, key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	if list, next, err := s.Reports("", 10, nil); err != nil || len(list) != 0 || next != "" {
		t.Fatalf("a new file: %v %q %v", list, next, err)
	}
	if _, err := s.Report(reportID(1)); !errors.Is(err, watchlist.ErrNotFound) {
		t.Fatalf("a report of a new file: %v", err)
	}
	if err := s.Update(1, 1, func(tx *registry.Tx) error {
		for n := range 5 {
			if err := tx.PutReport(&watchlist.ReportedDocument{ID: reportID(n), Number: "A1"}); err != nil {
				return err
			}
		}
		return tx.PutReportUndo("b1", registry.ReportUndo{Report: reportID(1), Revision: 1})
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if f := formatOf(t, path); f != 3 {
		t.Errorf("format %d, want 3", f)
	}
	s = open()
	defer s.Close()
	if list, err := s.Calibrations(); err != nil || len(list) != 0 {
		t.Errorf("decisions %v, %v", list, err)
	}
	var seen []watchlist.ReportID
	after := watchlist.ReportID("")
	for {
		list, next, err := s.Reports(after, 2, func(r *watchlist.ReportedDocument) bool { return r.ID != reportID(2) })
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			seen = append(seen, r.ID)
		}
		if after = next; next == "" {
			break
		}
	}
	if fmt.Sprint(seen) != fmt.Sprint([]watchlist.ReportID{reportID(0), reportID(1), reportID(3), reportID(4)}) {
		t.Errorf("pages %v", seen)
	}
	n := 0
	for _, err := range s.EachReport() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 5 {
		t.Errorf("%d reports", n)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

package face

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"vigie/index/face/file"
)

// TestKeeperUnsoundRows: files under the right key that no gallery can have
// written are dropped too, and end no goroutine in a panic, whose recovery would
// be nobody's.
func TestKeeperUnsoundRows(t *testing.T) {
	for name, spoil := range map[string]func(*file.Segment, *file.Manifest){
		"no rows": func(s *file.Segment, _ *file.Manifest) {
			s.Vectors, s.Born, s.Died, s.Who, s.Name = nil, nil, nil, nil, nil
		},
		"a name longer than all names": func(s *file.Segment, _ *file.Manifest) { s.Names[s.Name[1]] = 127 },
		"a name without an end":        func(s *file.Segment, _ *file.Manifest) { s.Names = s.Names[:len(s.Names)-1] },
		"an endless length": func(s *file.Segment, _ *file.Manifest) {
			s.Names = append(s.Names, bytes.Repeat([]byte{255}, 11)...)
			s.Name[2] = uint32(len(s.Names) - 11)
		},
		"a dead row without a name": func(s *file.Segment, m *file.Manifest) {
			s.Died[2], s.Names[s.Name[2]] = m.Stamp, 255
		},
		"numbers used up": func(_ *file.Segment, m *file.Manifest) { m.LastWho = math.MaxUint32 },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t)
			k := s.open(t, "r1")
			fill(t, k, 3)
			v := k.view.Load()
			p := v.parts()[0]
			rows, err := p.record(v.stamp)
			if err != nil {
				t.Fatal(err)
			}
			rows.Name, rows.Names = append([]uint32(nil), rows.Name...), bytes.Clone(rows.Names)
			m, err := k.dir.ReadManifest()
			if err != nil {
				t.Fatal(err)
			}
			spoil(rows, m)
			ref, err := k.dir.WriteSegment(t.Context(), m.Tag, rows)
			if err != nil {
				t.Fatal(err)
			}
			m.Segments = []file.Part{{Ref: ref, Stamp: m.Stamp}}
			if err := k.dir.WriteManifest(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			drop(t, k)
			var log bytes.Buffer
			s.log = &log
			k = s.open(t, "r1")
			if k.Applied() != 0 || k.Size() != 0 || len(s.names(t)) != 0 || !strings.Contains(log.String(), "do not fit") {
				t.Errorf("applied %d, %d templates, files %v, log:\n%s", k.Applied(), k.Size(), s.names(t), log.String())
			}
		})
	}
}

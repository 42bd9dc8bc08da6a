package face

import (
	"fmt"
	"math"

	"vigie/index/face/file"
	"vigie/watchlist"
)

// Inspected is what the files of a gallery hold.
type Inspected struct {
	// Registry names the registry file that they were derived from, Applied the raft
	// index that they are as of.
	Registry string
	Applied  uint64
	// Model and Calibration are those of the templates.
	Model, Calibration string
	Segments           int
	// Photos counts, by entry, the photos in living rows and those that are known
	// and can't be found.
	Photos map[watchlist.EntryID]int
}

// InspectFiles reads the files of a gallery that no Keeper has open, each to its end,
// and changes nothing. The error wraps fs.ErrNotExist when there is no manifest or a
// file is missing, and file.ErrCorrupt or file.ErrVersion when one can't be used.
func InspectFiles(d *file.Dir) (out Inspected, err error) {
	m, err := d.ReadManifest()
	if err != nil {
		return out, fmt.Errorf("manifest: %w", err)
	}
	out = Inspected{
		Registry: m.Registry, Applied: m.Applied, Model: m.Tag.Model, Calibration: m.Tag.Calibration,
		Segments: len(m.Segments), Photos: map[watchlist.EntryID]int{},
	}
	for i := range m.Segments {
		if err := out.segment(d, m, &m.Segments[i]); err != nil {
			return out, fmt.Errorf("segment %d of %d: %w", i+1, len(m.Segments), err)
		}
	}
	for _, s := range m.Skipped {
		out.Photos[watchlist.EntryID(s.Entry)] += int(s.Count)
	}
	return out, nil
}

// segment counts the living rows of one file.
func (out *Inspected) segment(d *file.Dir, m *file.Manifest, p *file.Part) error {
	s, err := d.ReadSegment(m.Tag, p.Ref, nil)
	if err != nil {
		return err
	}
	for _, x := range p.Deaths {
		if int(x.Row) >= s.Rows() || s.Died[x.Row] != 0 || x.Died <= p.Stamp {
			return fmt.Errorf("impossible death: %w", file.ErrCorrupt)
		}
		s.Died[x.Row] = x.Died
	}
	for i := range s.Rows() {
		if s.Born[i] > m.Stamp || s.Died[i] > m.Stamp || s.Who[i] > min(m.LastWho, math.MaxUint32/2) || !soundName(s.Names, s.Name[i]) {
			return fmt.Errorf("a row does not fit the manifest: %w", file.ErrCorrupt)
		}
		if s.Died[i] == 0 {
			id, _ := namesAt(s.Names, s.Name[i])
			out.Photos[id] += photosAt(s.Names, s.Name[i])
		}
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vigie/api/client"
	"vigie/cmd/vigie/internal/importer"
	"vigie/cmd/vigie/internal/specimen"
	"vigie/matcher/face/dlib"
	"vigie/models"
)

// errNoEngine: the face engine is not compiled in.
var errNoEngine = errors.New("this vigie was built without the face engine")

// engineModels gives the folder of the models, checked, when there is an engine
// to use them.
func engineModels(configured string) (string, error) {
	if !dlib.Available() {
		return "", errNoEngine
	}
	dir, err := models.FindDir(configured)
	if err != nil {
		return "", err
	}
	for _, problem := range models.Verify(dir) {
		err = errors.Join(err, problem)
	}
	if dir, aerr := filepath.Abs(dir); err == nil {
		return dir, aerr
	}
	return "", err
}

// portrait is one person whose face is enrolled.
type portrait struct {
	name   string
	photo  []byte
	second []byte // another photo of the same person, or nil
	entry  string // the id, once enrolled
}

// readPortraits reads a folder of people: a folder each, named after the person,
// or single photos of different people. When own is false, people known by a
// single photo get made-up names, else the file's.
func readPortraits(dir string, own bool) ([]portrait, error) {
	items, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []portrait
	for _, it := range items {
		path := filepath.Join(dir, it.Name())
		var p portrait
		switch {
		case it.IsDir():
			if p, err = readPerson(path); err != nil {
				return nil, err
			}
			p.name = it.Name()
		case importer.CheckPhotoName(it.Name()) == "":
			if p.photo, err = readPhoto(path); err != nil {
				return nil, err
			}
			if p.name = specimen.PersonName(len(out)); own {
				p.name = strings.TrimSuffix(it.Name(), filepath.Ext(it.Name()))
			}
		}
		if p.photo != nil {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no photos", dir)
	}
	return out, nil
}

func readPerson(dir string) (p portrait, err error) {
	items, err := os.ReadDir(dir)
	if err != nil {
		return p, err
	}
	for _, it := range items {
		if it.IsDir() || importer.CheckPhotoName(it.Name()) != "" {
			continue
		}
		b, err := readPhoto(filepath.Join(dir, it.Name()))
		if err != nil {
			return p, err
		}
		if p.photo != nil {
			p.second = b
			return p, nil
		}
		p.photo = b
	}
	return p, nil
}

// enrol writes an entry for each portrait and adds the photo. A portrait that
// the face gate refuses is told and left out.
func (d *demo) enrol(ctx context.Context) error {
	var kept []portrait
	for i, pt := range d.portraits {
		e := specimen.Person(demoEntries+i, pt.name, time.Now())
		in := entryInput(&e)
		in.Faces = []client.FaceInput{{Photo: client.PhotoInput{Image: pt.photo}}}
		w, err := answer[client.EntryWritten](d.admin[0].CreateEntry(ctx, &client.CreateEntryParams{IdempotencyKey: fmt.Sprintf("demo-face-%d", i)}, in))
		if c := code(err); strings.HasPrefix(c, "no_face") || strings.HasPrefix(c, "face_") || c == "multiple_faces" {
			d.say("   portrait %d was refused by the face gate: %s", i+1, c)
			continue
		} else if err != nil {
			return fmt.Errorf("enrol portrait %d: %w", i+1, err)
		}
		pt.entry, d.lastIndex = w.Id, w.Index
		kept = append(kept, pt)
	}
	if len(d.portraits) > 0 {
		d.say("   %d of %d portraits enrolled: template in the log, photo beside it", len(kept), len(d.portraits))
		d.expect(len(kept) > 0, "no portrait could be enrolled")
	}
	d.portraits = kept
	return nil
}

// searchPhoto matches a photo of the first enrolled person, by preference one
// that is not the enrolled one.
func (d *demo) searchPhoto(ctx context.Context) error {
	if len(d.portraits) == 0 {
		return nil
	}
	pt := d.portraits[0]
	for _, other := range d.portraits {
		if other.second != nil {
			pt = other
			break
		}
	}
	probe := pt.second
	d.title("A photo, on %s", d.cluster.Name(0))
	if probe == nil {
		var err error
		if probe, err = specimen.Probe(pt.photo); err != nil {
			return err
		}
		d.say("   The probe is a TRANSFORMED COPY of the enrolled portrait, made in memory:\n   %s.\n   It shows the machinery at work, not how well people are recognised.", specimen.Transformation)
	} else {
		d.say("   The probe is another photo of %s than the enrolled one.", printable(pt.name))
	}
	req := client.MatchRequest{Purpose: "test", Reason: "demonstration of vigie", Limit: 3}
	return d.search(ctx, 0, req, []client.Picture{{Bytes: probe}}, pt.entry)
}

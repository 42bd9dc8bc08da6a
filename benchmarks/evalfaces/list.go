package evalfaces

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"vigie/models/calibrate"
)

// photoFile is one photo of a folder. number counts the photos of its group in
// the order of persons and names, from 1: errors tell it instead of a name.
type photoFile struct {
	group, person, name string
	path                string
	number              int
}

// listing is what a folder holds.
type listing struct {
	files   []photoFile // by group, person and name
	empty   []string    // groups without photos
	ignored int         // files that are no photos by name, or lie elsewhere
}

// isPhoto tells photos by their name; the gate judges their bytes.
func isPhoto(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".webp":
		return true
	}
	return false
}

// listPhotos lists DIR/<group>/<person>/<photo> and opens every photo once, so
// that a long run does not find an unreadable one at its end. Symbolic links are
// followed; the depth is fixed, so that a circle ends. Names that begin with a dot
// don't count.
func listPhotos(dir string) (listing, error) {
	var l listing
	groups, err := entries(dir)
	if err != nil {
		return l, fmt.Errorf("read the folder: %w", plain(err))
	}
	for _, group := range groups {
		isDir, err := isFolder(filepath.Join(dir, group))
		if err != nil {
			return l, fmt.Errorf("read group %q: %w", group, err)
		}
		if !isDir {
			if group != excludeFile {
				l.ignored++
			}
			continue
		}
		if strings.ContainsFunc(group, func(c rune) bool { return c == '|' || !unicode.IsPrint(c) }) {
			return l, fmt.Errorf("group %q: the name goes into tables; use printable characters without |", group)
		}
		before := len(l.files)
		if err := l.group(dir, group); err != nil {
			return l, err
		}
		if len(l.files) == before {
			l.empty = append(l.empty, group)
		}
	}
	if len(l.files) == 0 {
		return l, fmt.Errorf("no photo <group>/<person>/<photo>.jpg (or .jpeg, .png, .webp) in the folder; %d other files there", l.ignored)
	}
	return l, nil
}

// group adds the photos of a group.
func (l *listing) group(dir, group string) error {
	persons, err := entries(filepath.Join(dir, group))
	if err != nil {
		return fmt.Errorf("read group %q: %w", group, plain(err))
	}
	number := 0
	for k, person := range persons {
		path := filepath.Join(dir, group, person)
		isDir, err := isFolder(path)
		if err != nil {
			return fmt.Errorf("group %q, entry %d by name: %w", group, k+1, err)
		}
		if !isDir {
			l.ignored++
			continue
		}
		photos, err := entries(path)
		if err != nil {
			return fmt.Errorf("group %q, person %d by name: %w", group, k+1, plain(err))
		}
		for _, name := range photos {
			f := photoFile{group: group, person: person, name: name, path: filepath.Join(path, name), number: number + 1}
			isDir, err := isFolder(f.path)
			if err == nil && (isDir || !isPhoto(name)) {
				l.ignored++
				continue
			}
			if err == nil {
				err = readable(f.path)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", f, err)
			}
			number++
			l.files = append(l.files, f)
		}
	}
	return nil
}

// String says which photo it is without a name of a person or file.
func (f photoFile) String() string {
	return fmt.Sprintf("group %q, photo %d in the order of names", f.group, f.number)
}

// entries gives the names in a folder, sorted.
func entries(dir string) ([]string, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range list {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// isFolder follows symbolic links.
func isFolder(path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, plain(err)
	}
	return info.IsDir(), nil
}

func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return plain(err)
	}
	return f.Close()
}

// plain takes the path out of an error of the file system.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// excludeFile is the name of the list of pairs to leave out.
const excludeFile = "exclude.csv"

// readExcluded reads pairs of persons: two columns, with or without a header
// person_1,person_2. A row that names one person twice says nothing. A missing
// file means no pairs.
func readExcluded(path string) (calibrate.Pairs, [][]string, error) {
	pairs := calibrate.Pairs{}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return pairs, nil, nil
	}
	if err != nil {
		return nil, nil, plain(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = 2
	rows, err := r.ReadAll()
	if err != nil {
		return nil, nil, err
	}
	if len(rows) > 0 && rows[0][0] == "person_1" {
		rows = rows[1:]
	}
	for _, row := range rows {
		if row[0] != row[1] {
			pairs.Add(row[0], row[1])
		}
	}
	return pairs, rows, nil
}

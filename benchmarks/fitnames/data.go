package fitnames

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"vigie/matcher/score"
	"vigie/watchlist"
)

// folds is how many parts the people are dealt into for the test.
const folds = 5

// person is somebody with several names; the first is the recorded one.
type person struct {
	fold  int
	names []watchlist.Name
}

// listed is a person of a list with dates of birth and nationality.
type listed struct {
	name        watchlist.Name
	births      []watchlist.PartialDate
	nationality string
}

// data is everything that is read.
type data struct {
	files                 []score.CohortFile
	region, ofac, un, set []person
	strangers             []person
	list                  []listed
}

// reader reads the files of a folder and notes their digests.
type reader struct {
	dir   string
	files []score.CohortFile
}

// rows gives the records of a CSV file without its header.
func (r *reader) rows(name string, header bool) ([][]string, error) {
	b, err := os.ReadFile(filepath.Join(r.dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, fmt.Errorf("name data: %w", err)
	}
	sum := sha256.Sum256(b)
	r.files = append(r.files, score.CohortFile{Name: name, SHA256: hex.EncodeToString(sum[:])})
	var in io.Reader = bytes.NewReader(b)
	if strings.HasSuffix(name, ".gz") {
		if in, err = gzip.NewReader(in); err != nil {
			return nil, fmt.Errorf("name data: %s: %w", name, err)
		}
	}
	c := csv.NewReader(in)
	c.FieldsPerRecord, c.LazyQuotes = -1, true
	rows, err := c.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("name data: %s: %w", name, err)
	}
	if header && len(rows) > 0 {
		rows = rows[1:]
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("name data: %s is empty", name)
	}
	return rows, nil
}

// foldOf deals by a key: equal keys, equal fold.
func foldOf(key string) int {
	h := fnv.New32a()
	h.Write([]byte(key))
	return int(h.Sum32() % folds)
}

func full(s string) watchlist.Name { return watchlist.Name{Kind: watchlist.NamePrimary, Full: s} }

// readData reads the folder of names.
func readData(dir string, strangers int) (*data, error) {
	r := &reader{dir: dir}
	d := &data{}
	region, err := r.region()
	if err != nil {
		return nil, err
	}
	d.region = drawRegion(region)
	for _, in := range []struct {
		file              string
		id, name, alias   int
		quality, accepted string
		dst               *[]person
	}{
		{"ofac/ofac_individual_alias_pairs.csv", 0, 1, 3, "", "", &d.ofac},
		{"un/un_individual_alias_pairs.csv", 0, 1, 3, "2", "Good", &d.un},
	} {
		rows, err := r.rows(in.file, true)
		if err != nil {
			return nil, err
		}
		at := map[string]int{}
		for _, row := range rows {
			if len(row) <= in.alias || in.quality != "" && row[2] != in.accepted {
				continue
			}
			i, ok := at[row[in.id]]
			if !ok {
				i = len(*in.dst)
				at[row[in.id]] = i
				*in.dst = append(*in.dst, person{fold: foldOf(row[in.id]), names: []watchlist.Name{full(row[in.name])}})
			}
			p := &(*in.dst)[i]
			p.names = append(p.names, full(row[in.alias]))
		}
	}
	bench, err := r.rows("nomenklatura/name_bench_cases.csv", true)
	if err != nil {
		return nil, err
	}
	for _, row := range bench {
		if len(row) > 4 && row[1] == "Person" && row[4] == "true" {
			d.set = append(d.set, person{fold: foldOf(row[2]), names: []watchlist.Name{full(row[2]), full(row[3])}})
		}
	}
	away, err := r.rows("yente/negatives_global.csv.gz", true)
	if err != nil {
		return nil, err
	}
	for _, row := range away[:min(len(away), strangers)] {
		d.strangers = append(d.strangers, person{fold: foldOf(row[0]), names: []watchlist.Name{full(row[0])}})
	}
	if d.list, err = readList(r); err != nil {
		return nil, err
	}
	d.files = r.files
	return d, nil
}

var (
	bornOn      = regexp.MustCompile(`DOB (\d{1,2} )?([A-Z][a-z]{2} )?(\d{4})([ ;.]|$)`)
	bornRange   = regexp.MustCompile(`DOB [^;]* to `)
	nationality = regexp.MustCompile(`nationality ([A-Z][A-Za-z ]+)`)
	months      = []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
)

// readList reads the individuals of OFAC's list with what their remarks say.
func readList(r *reader) ([]listed, error) {
	rows, err := r.rows("ofac/sdn_bench.csv.gz", false)
	if err != nil {
		return nil, err
	}
	var out []listed
	for _, row := range rows {
		if len(row) < 12 || row[2] != "individual" {
			continue
		}
		remarks := row[len(row)-1]
		l := listed{name: full(row[1])}
		for _, part := range strings.Split(remarks, ";") {
			if bornRange.MatchString(part) {
				continue
			}
			m := bornOn.FindStringSubmatch(part)
			if m == nil {
				continue
			}
			text := m[3]
			if i := slices.Index(months, strings.TrimSpace(m[2])); i >= 0 {
				text += fmt.Sprintf("-%02d", i+1)
				if day := strings.TrimSpace(m[1]); day != "" {
					text += fmt.Sprintf("-%02s", day)
				}
			}
			if d, err := watchlist.ParsePartialDate(text); err == nil {
				l.births = append(l.births, d)
			}
		}
		if m := nationality.FindStringSubmatch(remarks); m != nil {
			l.nationality = m[1]
		}
		out = append(out, l)
	}
	return out, nil
}

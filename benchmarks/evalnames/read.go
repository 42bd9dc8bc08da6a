package evalnames

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"vigie/watchlist"
)

// query is one line of the queries; an empty id is a person on no list.
type query struct{ name, id string }

// pair is one labelled pair.
type pair struct {
	a, b  string
	match bool
}

// maxLine bounds a line of the files.
const maxLine = 1 << 20

// eachLine calls f with the fields of each line.
func eachLine(what string, r io.Reader, f func(line int, fields []string) error) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxLine)
	n := 0
	for sc.Scan() {
		n++
		t := strings.TrimSuffix(sc.Text(), "\r")
		if n == 1 {
			t = strings.TrimPrefix(t, "\ufeff")
		}
		if strings.TrimSpace(t) == "" || strings.HasPrefix(t, "#") {
			continue
		}
		if err := f(n, strings.Split(t, "\t")); err != nil {
			return fmt.Errorf("%s line %d: %w", what, n, err)
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("%s line %d: %w", what, n+1, err)
	}
	return nil
}

// readTargets gathers the lines of each id into one entry, in file order.
func readTargets(r io.Reader) ([]*watchlist.Entry, error) {
	var list []*watchlist.Entry
	byID := map[string]*watchlist.Entry{}
	err := eachLine("targets", r, func(_ int, f []string) error {
		if len(f) < 2 || len(f) > 3 || f[0] == "" {
			return errors.New("want id, name and birth, separated by tabs")
		}
		e := byID[f[0]]
		if e == nil {
			e = &watchlist.Entry{ID: watchlist.EntryID(f[0]), Status: watchlist.StatusActive}
			byID[f[0]] = e
			list = append(list, e)
		}
		kind := watchlist.NamePrimary
		if len(e.Names) > 0 {
			kind = watchlist.NameAlias
		}
		e.Names = append(e.Names, watchlist.Name{Kind: kind, Full: f[1]})
		if len(f) == 3 && f[2] != "" {
			d, err := watchlist.ParsePartialDate(f[2])
			if err != nil {
				return err
			}
			e.Births = append(e.Births, watchlist.Birth{From: d})
		}
		return nil
	})
	return list, err
}

func readQueries(r io.Reader) ([]query, error) {
	var list []query
	err := eachLine("queries", r, func(_ int, f []string) error {
		if len(f) > 2 {
			return errors.New("want a name and an id, separated by a tab")
		}
		q := query{name: f[0]}
		if len(f) == 2 {
			q.id = strings.TrimSpace(f[1])
		}
		list = append(list, q)
		return nil
	})
	return list, err
}

func readPairs(r io.Reader) ([]pair, error) {
	c := csv.NewReader(r)
	c.FieldsPerRecord = -1
	head, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("pairs: no header: %w", err)
	}
	col := map[string]int{}
	for i, h := range head {
		col[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))] = i
	}
	for _, want := range []string{"name1", "name2", "is_match"} {
		if _, ok := col[want]; !ok {
			return nil, fmt.Errorf("pairs: the header has no column %s", want)
		}
	}
	schema, hasSchema := col["schema"]
	var list []pair
	for {
		rec, err := c.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("pairs: %w", err)
		}
		line, _ := c.FieldPos(0)
		if len(rec) < len(head) {
			return nil, fmt.Errorf("pairs line %d: %d fields, want %d", line, len(rec), len(head))
		}
		if hasSchema && rec[schema] != "Person" {
			continue
		}
		p := pair{a: rec[col["name1"]], b: rec[col["name2"]]}
		switch strings.ToLower(rec[col["is_match"]]) {
		case "true", "1", "yes":
			p.match = true
		case "false", "0", "no":
		default:
			return nil, fmt.Errorf("pairs line %d: is_match is neither true nor false", line)
		}
		list = append(list, p)
	}
}

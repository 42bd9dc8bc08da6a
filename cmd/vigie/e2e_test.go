package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
)

// TestE2E drives three real processes over HTTPS. Its parts share the cluster
// and run in this order; the one that kills nodes is the last.
func TestE2E(t *testing.T) {
	models, noEngine := testModels()
	c := startNodes(t, clustertest.Options{Nodes: 3, Faces: noEngine == "", ModelsDir: models})
	t.Run("Faces", func(t *testing.T) {
		if noEngine != "" {
			loudSkip(t, noEngine)
		}
		testE2EFaces(t, c)
	})
	t.Run("BadInput", func(t *testing.T) { testE2EBadInput(t, c, noEngine == "") })
	t.Run("NoTrace", func(t *testing.T) { testE2ENoTrace(t, c, noEngine == "") })
	t.Run("Commands", func(t *testing.T) { testE2ECommands(t, c, noEngine == "") })
	t.Run("Mrz", func(t *testing.T) { testE2EMrz(t, c) })
	t.Run("Documents", func(t *testing.T) { testE2EDocuments(t, c) })
	t.Run("Text", func(t *testing.T) { testE2EText(t, c) })
	t.Run("Replay", func(t *testing.T) { testE2EReplay(t, c, noEngine == "") })
	t.Run("Impact", func(t *testing.T) { testE2EImpact(t, c) })
	t.Run("Families", func(t *testing.T) { testE2EFamilies(t, c) })
	t.Run("StopLeader", func(t *testing.T) { testE2EStopLeader(t, c) })
	t.Run("KillLeader", func(t *testing.T) { testE2EKillLeader(t, c) })
}

// pair is two photos of one person: one is enrolled, the other is the probe.
type pair struct {
	group, enrol, probe string
	entry               string
}

// facePairs picks 50 people: 20 West African, 20 of the US congress, 10 of
// London.
func facePairs(t *testing.T, dir string) []pair {
	t.Helper()
	var out []pair
	add := func(group, folderA, folderB, csvFile, colA, colB string, keep func(map[string]string) bool, n int) {
		seen := map[string]bool{}
		for _, r := range readCSV(t, filepath.Join(dir, csvFile)) {
			person := r["person"] + r["bioguide"]
			if n == 0 || seen[person] || !keep(r) {
				continue
			}
			seen[person] = true
			n--
			out = append(out, pair{group: group, enrol: filepath.Join(dir, folderA, r[colA]), probe: filepath.Join(dir, folderB, r[colB])})
		}
	}
	all := func(map[string]string) bool { return true }
	add("west_african", "nigeria_officials2/img", "nigeria_officials2/img", "nigeria_officials2/pairs.csv", "file_1", "file_2", all, 20)
	add("us_congress", "congress/a_2017_2021_512", "congress/b_2014_200x250", "congress/pairs.csv", "a_file", "b_file",
		func(r map[string]string) bool { return r["kind"] == "distinct_photo" }, 20)
	london := filepath.Join(dir, "london_frll", "img_675")
	neutral, err := filepath.Glob(filepath.Join(london, "neutral_front__*.jpg"))
	if err != nil || len(neutral) < 10 {
		t.Fatalf("London faces: %d %v", len(neutral), err)
	}
	for _, n := range neutral[:10] {
		id := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(n), "neutral_front__"), "_03.jpg")
		out = append(out, pair{group: "london", enrol: n, probe: filepath.Join(london, "smiling_front__"+id+"_08.jpg")})
	}
	return out
}

func readCSV(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, r := range rows[1:] {
		m := map[string]string{}
		for i, h := range rows[0] {
			m[h] = r[i]
		}
		out = append(out, m)
	}
	return out
}

// hits counts the probes of one group.
type hits struct{ enrolled, refused, first, listed int }

// testE2EFaces enrols 50 people on different nodes, then matches another photo
// of each on every node.
func testE2EFaces(t *testing.T, c *clustertest.Cluster) {
	dir, missing := testFaces()
	if missing != "" {
		loudSkip(t, missing)
	}
	pairs := facePairs(t, dir)
	names := specimen.Entries(len(pairs)+2, time.Now())[2:]
	score := map[string]*hits{}
	var index int64
	for i := range pairs {
		p := &pairs[i]
		if score[p.group] == nil {
			score[p.group] = &hits{}
		}
		in := entryInput(&names[i])
		photo, err := os.ReadFile(p.enrol)
		if err != nil {
			t.Fatal(err)
		}
		in.Faces = []client.FaceInput{{Photo: client.PhotoInput{Image: photo}}}
		r := call(t, c, i%c.Len(), "POST", "/v1/entries", mustJSON(t, in), "Idempotency-Key", fmt.Sprintf("e2e-face-%d", i))
		if r.status == 422 {
			score[p.group].refused++
			t.Logf("a photo of group %s was refused: %s", p.group, r.code())
			continue
		}
		if r.status != 201 {
			t.Fatalf("enrol: %d %s", r.status, r.body)
		}
		var w client.EntryWritten
		r.decode(t, &w)
		p.entry, index = w.Id, w.Index
		score[p.group].enrolled++
	}
	matchOnEveryNode(t, c, pairs, index, score)
	total, first := 0, 0
	for _, g := range []string{"west_african", "us_congress", "london"} {
		s := score[g]
		t.Logf("%-13s %2d enrolled, %d refused; rank 1 in %2d, among the candidates in %2d", g, s.enrolled, s.refused, s.first, s.listed)
		total, first = total+s.enrolled, first+s.first
		if s.first*10 < s.enrolled*6 {
			t.Errorf("%s: rank 1 in only %d of %d", g, s.first, s.enrolled)
		}
	}
	if total < 45 {
		t.Errorf("only %d of 50 people could be enrolled", total)
	}
	if first*10 < total*8 {
		t.Errorf("rank 1 in only %d of %d", first, total)
	}
}

// matchOnEveryNode sends each probe to all nodes: the candidates must be the
// same everywhere, and the stamp must include all writes.
func matchOnEveryNode(t *testing.T, c *clustertest.Cluster, pairs []pair, index int64, score map[string]*hits) {
	t.Helper()
	for i, p := range pairs {
		if p.entry == "" {
			continue
		}
		photo, err := os.ReadFile(p.probe)
		if err != nil {
			t.Fatal(err)
		}
		req := client.MatchRequest{Photos: []client.PhotoInput{{Image: photo}}, Purpose: "test", Reason: "end-to-end test", MinIndex: index}
		var before []client.Candidate
		for n := range c.Len() {
			r := call(t, c, n, "POST", "/v1/match", mustJSON(t, req))
			if r.status == 422 {
				t.Logf("a probe of group %s was refused: %s", p.group, r.code())
				break
			}
			if r.status != 200 {
				t.Fatalf("match: %d %s", r.status, r.body)
			}
			var lead client.Lead
			r.decode(t, &lead)
			checkStamp(t, c, n, lead.Stamp, index)
			if n > 0 {
				if d := cmp.Diff(before, lead.Candidates); d != "" {
					t.Errorf("probe %d: %s gives other candidates than %s:\n%s", i, c.Name(n), c.Name(n-1), d)
				}
				continue
			}
			before = lead.Candidates
			at := slices.IndexFunc(lead.Candidates, func(x client.Candidate) bool { return x.EntryId == p.entry })
			if at == 0 {
				score[p.group].first++
			}
			if at >= 0 {
				score[p.group].listed++
			}
		}
	}
}

func checkStamp(t *testing.T, c *clustertest.Cluster, n int, s client.Stamp, index int64) {
	t.Helper()
	if s.AppliedIndex < index || len(s.StateHash) != 64 || !s.Connected || s.Node == "" || s.AgeMs < 0 || s.AgeMs > 60_000 {
		t.Errorf("%s: stamp %+v, want index %d or more", c.Name(n), s, index)
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metricsql"
	"go.yaml.in/yaml/v3"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
)

const observability = repoRoot + "/docs/observability"

// alertRule is a rule of alerts.yaml. Prometheus refuses unknown keys, and so does
// the test.
type alertRule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alertRules(t *testing.T) []alertRule {
	t.Helper()
	f, err := os.Open(filepath.Join(observability, "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var file struct {
		Groups []struct {
			Name  string      `yaml:"name"`
			Rules []alertRule `yaml:"rules"`
		} `yaml:"groups"`
	}
	dec := yaml.NewDecoder(f)
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		t.Fatal(err)
	}
	var out []alertRule
	names := map[string]bool{}
	for _, g := range file.Groups {
		if names[g.Name] || len(g.Rules) == 0 {
			t.Errorf("group %q is empty or there twice", g.Name)
		}
		names[g.Name] = true
		out = append(out, g.Rules...)
	}
	return out
}

// panel is a panel of dashboard.json.
type panel struct {
	ID      int    `json:"id"`
	Title   string `json:"title"`
	Type    string `json:"type"`
	GridPos struct {
		X, Y, W, H int
	} `json:"gridPos"`
	Targets []struct {
		RefID string `json:"refId"`
		Expr  string `json:"expr"`
	} `json:"targets"`
}

func panels(t *testing.T) []panel {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(observability, "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Title         string  `json:"title"`
		SchemaVersion int     `json:"schemaVersion"`
		Panels        []panel `json:"panels"`
	}
	if err := json.Unmarshal(b, &board); err != nil {
		t.Fatal(err)
	}
	if board.Title == "" || board.SchemaVersion < 30 || len(board.Panels) < 10 {
		t.Errorf("%q, schema %d, %d panels", board.Title, board.SchemaVersion, len(board.Panels))
	}
	return board.Panels
}

// metricsOf gives the metrics that an expression asks for. Grafana's variables are
// filled in first.
func metricsOf(t *testing.T, expr string) []string {
	t.Helper()
	filled := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(expr)
	parsed, err := metricsql.Parse(filled)
	if err != nil {
		t.Errorf("%s: %v", expr, err)
		return nil
	}
	names := map[string]bool{}
	metricsql.VisitAll(parsed, func(e metricsql.Expr) {
		switch e := e.(type) {
		case *metricsql.MetricExpr:
			for _, filters := range e.LabelFilterss {
				for _, f := range filters {
					if f.Label == "__name__" {
						names[f.Value] = true
					}
				}
			}
		case *metricsql.FuncExpr:
			if !slices.Contains([]string{"rate", "increase", "histogram_quantile"}, e.Name) {
				t.Errorf("%s: %s may not be PromQL", expr, e.Name)
			}
		case *metricsql.AggrFuncExpr:
			if !slices.Contains([]string{"sum", "max", "min", "avg", "count"}, e.Name) {
				t.Errorf("%s: %s may not be PromQL", expr, e.Name)
			}
		}
	})
	if len(names) == 0 {
		t.Errorf("%s asks for no metric", expr)
	}
	return slices.Sorted(maps.Keys(names))
}

// TestAlertRulesAndDashboard: the files have the shape that Prometheus and Grafana
// want, and the page beside them names every alert and no other.
func TestAlertRulesAndDashboard(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(observability, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	duration := regexp.MustCompile(`^[1-9][0-9]*[smh]$`)
	seen := map[string]bool{}
	for _, r := range alertRules(t) {
		if seen[r.Alert] || !regexp.MustCompile(`^Vigie[A-Za-z]+$`).MatchString(r.Alert) {
			t.Errorf("%q is no name, or there twice", r.Alert)
		}
		seen[r.Alert] = true
		if r.For != "" && !duration.MatchString(r.For) {
			t.Errorf("%s: for %q", r.Alert, r.For)
		}
		if s := r.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s: severity %q", r.Alert, s)
		}
		if r.Annotations["summary"] == "" || r.Annotations["resume"] == "" {
			t.Errorf("%s is not explained in both languages", r.Alert)
		}
		metricsOf(t, r.Expr)
		if !strings.Contains(string(page), r.Alert) {
			t.Errorf("the page does not say what to do about %s", r.Alert)
		}
	}
	for _, name := range regexp.MustCompile(`Vigie[A-Z][A-Za-z]+`).FindAllString(string(page), -1) {
		if !seen[name] {
			t.Errorf("the page explains %s, which is no alert", name)
		}
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range panels(t) {
		if ids[p.ID] || p.Title == "" || p.Type != "timeseries" && p.Type != "stat" || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d, %q, %q", p.ID, p.Title, p.Type)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other := taken[at]; other != "" {
					t.Fatalf("%q lies over %q", p.Title, other)
				}
				taken[at] = p.Title
			}
		}
		for _, target := range p.Targets {
			metricsOf(t, target.Expr)
		}
	}
}

// labelsAllowed are the labels of vigie's own metrics. Each has as many values as
// there are nodes, operations, problems, stages or versions: none grows with use.
var labelsAllowed = []string{"node", "name", "outcome", "operation", "status", "stage", "queue", "code", "level", "kernel", "le", "used", "in_force", "state"}

// TestE2EObservability: every metric that an alert or a panel asks for is exported
// by a running node, labels are bounded and tell of no person, and status says in
// words what happened.
func TestE2EObservability(t *testing.T) {
	c := startNodes(t, clustertest.Options{Nodes: 3})
	v := newCLI(t, c)
	const planted = "PLANTEDNAME"
	in := entryInput(&specimen.Entries(1, time.Now())[0])
	in.Names[0].Full = planted + " Quelquun"
	r := call(t, c, 0, http.MethodPost, "/v1/entries", mustJSON(t, in))
	if r.status != http.StatusCreated {
		t.Fatalf("%d %s", r.status, r.body)
	}
	first, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v.ok("match", "name", planted, "--purpose", "test", "--reason", "end-to-end", "--server", c.URL(first))
	v.ok("node", "transfer", "--server", c.URL(first))
	leader, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in.CaseReference = "OBSERVED-2"
	if r := call(t, c, leader, http.MethodPost, "/v1/entries", mustJSON(t, in)); r.status != http.StatusCreated {
		t.Fatalf("%d %s", r.status, r.body)
	}
	text := exported(t, c, 0) + exported(t, c, 1) + exported(t, c, 2)
	if strings.Contains(text, planted) {
		t.Error("the metrics name somebody")
	}
	names := map[string]bool{"up": true} // Prometheus makes this one
	series := 0
	for line := range strings.Lines(text) {
		name, rest, labelled := strings.Cut(strings.TrimSpace(line), "{")
		if !labelled {
			name, _, _ = strings.Cut(name, " ")
		}
		names[name] = true
		if !strings.HasPrefix(name, "vigie_") {
			continue
		}
		series++
		for _, l := range regexp.MustCompile(`([a-z_]+)="`).FindAllStringSubmatch(rest, -1) {
			if labelled && !slices.Contains(labelsAllowed, l[1]) {
				t.Errorf("%s has a label %s", name, l[1])
			}
		}
	}
	if series > 3000 {
		t.Errorf("%d series of three nodes", series)
	}
	asked := map[string]bool{}
	for _, r := range alertRules(t) {
		for _, m := range metricsOf(t, r.Expr) {
			asked[m] = true
		}
	}
	for _, p := range panels(t) {
		for _, target := range p.Targets {
			for _, m := range metricsOf(t, target.Expr) {
				asked[m] = true
			}
		}
	}
	for m := range asked {
		if !names[m] {
			t.Errorf("%s is asked for and not exported", m)
		}
	}
	tellsInWords(t, c, v)
}

// tellsInWords checks what status says after leadership has moved. It may have moved
// more often than it was asked to.
func tellsInWords(t *testing.T, c *clustertest.Cluster, v *cli) {
	t.Helper()
	var won, commits int64
	for i := range c.Len() {
		out := v.ok("status", "--server", c.URL(i))
		v.has(out, "LIST AGE", "Elections since the node started: leader known for", " leaders, ", "log entries applied (a batch p50", "Snapshots: last none yet", "Photos: 0 still to fetch")
		var st client.ClusterStatus
		if err := json.Unmarshal([]byte(v.ok("status", "--json", "--server", c.URL(i))), &st); err != nil {
			t.Fatal(err)
		}
		rep := st.Replication
		if rep.LeaderChanges < 2 || rep.Applied < 2 || rep.ApplyP99Ms <= 0 || rep.LeaderSince.IsZero() || rep.LeaderlessMs == 0 {
			t.Errorf("%s: %+v", c.Name(i), rep)
		}
		if (rep.Commits > 0) != (rep.CommitP99Ms > 0) || rep.Commits > 0 && !strings.Contains(out, "proposed here as the leader (p50") {
			t.Errorf("%s: %+v\n%s", c.Name(i), rep, out)
		}
		won, commits = won+rep.ElectionsWon, commits+rep.Commits
	}
	if won < 2 || commits < 2 {
		t.Errorf("%d elections won, %d writes", won, commits)
	}
}

func exported(t *testing.T, c *clustertest.Cluster, node int) string {
	t.Helper()
	r := call(t, c, node, http.MethodGet, "/metrics", nil)
	if r.status != http.StatusOK {
		t.Fatalf("%d %s", r.status, r.body)
	}
	var b strings.Builder
	for line := range strings.Lines(string(r.body)) {
		if !strings.HasPrefix(line, "#") {
			fmt.Fprint(&b, line)
		}
	}
	return b.String()
}

package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const minimal = "origin:\n  country: SEN\n  authority: Office\n"

func TestExampleHoldsTheDefaults(t *testing.T) {
	b, err := Example(map[string]string{"origin.country": "SEN", "origin.authority": "Office \"x\": y"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse("a/vigie.yaml", b)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Parse("a/vigie.yaml", []byte("origin: {country: SEN, authority: 'Office \"x\": y'}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(Config{}), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("the example differs from the defaults (-default +example):\n%s", d)
	}
	if n := strings.Count(string(b), "#"); n < 30 {
		t.Errorf("only %d comments survived", n)
	}
	for _, k := range []string{"Node", "Origin", "Listen", "Advertise", "Link", "Faces", "Second", "Match", "Log"} {
		for _, key := range keysOf(k) {
			if !strings.Contains(string(b), "  "+key+":") {
				t.Errorf("the example lacks %s.%s", k, key)
			}
		}
	}
	if _, err := Example(map[string]string{"node.nam": "x"}); err == nil {
		t.Error("an unknown path was accepted")
	}
}

func TestRelativePathsFollowTheFile(t *testing.T) {
	c, err := Parse("/etc/x/vigie.yaml", []byte(minimal+"node: {data_dir: data, node_key_file: /k/node}\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Node.DataDir, c.Node.ClusterKeyFile, c.Node.NodeKeyFile, c.Advertise.API}
	want := []string{"/etc/x/data", "/etc/x/data/keys/cluster.key", "/k/node", "127.0.0.1:8443"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSecondEncoderPaths(t *testing.T) {
	for in, want := range map[string]Second{
		"faces: {engine: 'off'}\n":                                                         {},
		"faces: {second: {recipe: sface-2021dec, dir: m}}\n":                               {Recipe: "sface-2021dec", Dir: "/etc/x/m", Library: "/etc/x/m/libonnxruntime.so.1"},
		"faces: {second: {recipe: r.json, dir: /m, library: l.so, calibration: c.json}}\n": {Recipe: "/etc/x/r.json", Dir: "/m", Library: "/etc/x/l.so", Calibration: "/etc/x/c.json"},
	} {
		c, err := Parse("/etc/x/vigie.yaml", []byte(minimal+in))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, c.Faces.Second); d != "" || c.Faces.Second.On() != (want.Recipe != "") {
			t.Errorf("%s%s", in, d)
		}
	}
}

func TestProblemsNameFileAndLine(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"unknown key", minimal + "node:\n  nmae: x\n", `v.yaml:5: unknown key "nmae"; known here: name, post`},
		{"unknown section", minimal + "nodes:\n  name: x\n", `v.yaml:4: unknown key "nodes"; known here: node, origin`},
		{"second document", minimal + "---\nnode: {}\n", "v.yaml:4: the file holds more than one document"},
		{"bad second document", minimal + "---\n: [\n", "v.yaml:1: the file holds more than one document"},
		{"duplicate key", minimal + "log:\n  level: info\n  level: warn\n", "v.yaml:6: mapping key \"level\" already defined at line 5"},
		{"syntax", minimal + "log:\n\tlevel: info\n", "v.yaml:5: found character that cannot start any token"},
		{"wrong kind", minimal + "faces:\n  workers: many\n", "v.yaml:5: a value of kind str stands where int is expected"},
		{"bare duration", minimal + "node:\n  stop_grace: 20\n", "v.yaml:5: a duration has a number and a unit"},
		{"missing origin", "node:\n  name: a\n", "v.yaml: origin.country: give the ISO 3166-1 alpha-3 code"},
		{"empty file", "", "v.yaml: origin.country"},
		{"not a mapping", "- 1\n", "v.yaml:1: "},
		{"range", minimal + "match:\n  target_fpir: 0.9\n", "v.yaml:5: match.target_fpir: use 0.000001 to 0.5"},
		{"not a number", minimal + "match:\n  base_rate: .nan\n", "v.yaml:5: match.base_rate"},
		{"unknown kernel", minimal + "match:\n  kernel: sse2\n", "v.yaml:5: match.kernel: use auto, avx512vnni, avx2 or portable"},
		{"no queue", minimal + "match:\n  max_waiting: 0\n", "v.yaml:5: match.max_waiting: use 1 to 10000"},
		{"no history", minimal + "match:\n  history: 0\n", "v.yaml:5: match.history: use 1 to 100000000"},
		{"all addresses", minimal + "listen:\n  api: 0.0.0.0:8443\n", "v.yaml: advertise.api: the node listens on all addresses"},
		{"no port", minimal + "listen:\n  cluster: localhost\n", "v.yaml:5: listen.cluster: use ADDRESS:PORT"},
		{"same address", minimal + "listen:\n  cluster: 127.0.0.1:8443\n", "listen.cluster: the API and the cluster need an address each"},
		{"unknown key of the second encoder", minimal + "faces:\n  second:\n    model: x\n", `v.yaml:6: unknown key "model"; known here: recipe, dir, library`},
		{"second without dir", minimal + "faces:\n  second:\n    recipe: sface-2021dec\n", "v.yaml:6: faces.second.dir: name the folder"},
		{"second without engine", minimal + "faces:\n  engine: \"off\"\n  second: {recipe: x, dir: y}\n", "v.yaml:6: faces.second.recipe: a second encoder needs faces.engine on"},
		{"second with a bad digest", minimal + "faces:\n  second: {recipe: x, dir: y, library_sha256: ABC}\n", "v.yaml:5: faces.second.library_sha256: give 64"},
		{"host with port", minimal + "advertise:\n  hosts: [a, 'b:1']\n", "v.yaml:5: advertise.hosts"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Parse("v.yaml", []byte(tc.in))
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %s\nwant %s", err, tc.want)
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := Parse("v.yaml", []byte("origin: {country: sen}\nfaces: {workers: -1}\nlog: {level: loud}\n"))
	if got := strings.Count(err.Error(), "v.yaml:"); got != 4 {
		t.Errorf("%d problems reported, want 4:\n%v", got, err)
	}
}

func TestFind(t *testing.T) {
	t.Chdir(t.TempDir())
	env := func(string) string { return "" }
	if got := Find("", env); got != "vigie.yaml" && got != "/etc/vigie/vigie.yaml" {
		t.Errorf("default: %s", got)
	}
	if got := Find("", func(string) string { return "e.yaml" }); got != "e.yaml" {
		t.Errorf("environment: %s", got)
	}
	if got := Find("a.yaml", func(string) string { return "e.yaml" }); got != "a.yaml" {
		t.Errorf("asked for: %s", got)
	}
}

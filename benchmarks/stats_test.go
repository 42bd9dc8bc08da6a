package benchmarks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSummarise(t *testing.T) {
	var d []time.Duration
	for i := 100; i >= 1; i-- {
		d = append(d, time.Duration(i)*time.Millisecond)
	}
	got := Summarise(d)
	want := Latency{Count: 100, P50: 50, P95: 95, P99: 99, Max: 100}
	if got != want {
		t.Errorf("Summarise = %+v, want %+v", got, want)
	}
	if (Summarise(nil) != Latency{}) {
		t.Error("nothing measured must give zeros")
	}
}

func TestSectionsAreReplacedOneByOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "RESULTS.md")
	for _, s := range []struct{ area, text string }{{"core", "one\n"}, {"search", "two\n"}, {"core", "three\n"}} {
		if err := WriteSection(file, s.area, s.text); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := string(b)
	if strings.Contains(got, "one") || !strings.Contains(got, "two") || !strings.Contains(got, "three") {
		t.Errorf("sections not replaced one by one:\n%s", got)
	}
	if strings.Index(got, "three") > strings.Index(got, "two") {
		t.Errorf("a replaced section must keep its place:\n%s", got)
	}
}

package clusterbench

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// script is what perf script -F ip,sym prints, shortened.
const script = `
	          4b1c20 runtime.mallocgc
	          5f0010 encoding/json.Unmarshal
	          900100 vigie/api.(*service).CreateEntry

	          4b1c20 runtime.scanobject
	          4b1d00 runtime.gcBgMarkWorker

	ffffffff81a0 [unknown]
	ffffffff81b0 ext4_sync_file
	          400100 syscall.Fdatasync
	          500200 go.etcd.io/bbolt.(*DB).Update

	          600100 crypto/internal/fips140/aes/gcm.seal
	          600200 vigie/cluster/seal.(*Key).Seal
	          600300 some.thing
`

func TestProfileIsReadAndClassified(t *testing.T) {
	var got [][]string
	if err := parseScript(strings.NewReader(script), func(s []string) { got = append(got, s) }); err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"runtime.mallocgc", "encoding/json.Unmarshal", "vigie/api.(*service).CreateEntry"},
		{"runtime.scanobject", "runtime.gcBgMarkWorker"},
		{"[unknown]", "ext4_sync_file", "syscall.Fdatasync", "go.etcd.io/bbolt.(*DB).Update"},
		{"crypto/internal/fips140/aes/gcm.seal", "vigie/cluster/seal.(*Key).Seal", "some.thing"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	for i, x := range []struct{ share, owner string }{
		{"garbage collection and allocation", "API: JSON and validation"},
		{"garbage collection and allocation", background.what},
		{"sync and file writes", "sync and file writes"},
		{"sealing (AEAD of commands and records)", "sealing (AEAD of commands and records)"},
	} {
		if s, o := classify(rules, got[i]), classify(owned(), got[i]); s != x.share || o != x.owner {
			t.Errorf("%v: %q and %q", got[i], s, o)
		}
	}
	if s := classify(rules, []string{"nobody.knows"}); s != other {
		t.Error(s)
	}
	if diff := cmp.Diff([]Share{{"a", 75}, {"b", 25}}, shares(map[string]int{"b": 1, "a": 3}, 4)); diff != "" {
		t.Error(diff)
	}
}

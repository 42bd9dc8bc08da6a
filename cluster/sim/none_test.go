package sim

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"vigie/cluster/planted"
)

// TestNothingPlantedInANormalBuild searches this binary, which holds the whole
// cluster, for what only the planted bugs need. In the tagged build it must be
// there: a search that finds nothing anywhere proves nothing.
func TestNothingPlantedInANormalBuild(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	// Written backwards, so that the test does not find itself.
	for _, s := range []string{"GUB_DETNALP_EIGIV", "enotsbmot-deppord"} {
		mark := []byte(s)
		slices.Reverse(mark)
		if found := bytes.Contains(b, mark); found != plantedBuild {
			t.Errorf("%q in the binary: %v, in a build with planted bugs: %v", mark, found, plantedBuild)
		}
	}
	if !plantedBuild {
		for bug := planted.NoFsync; bug <= planted.EarlyCursor; bug++ {
			if planted.Alive(bug) {
				t.Errorf("bug %d is alive", bug)
			}
		}
	}
}

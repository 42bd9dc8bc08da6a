package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"vigie/api/client"
	"vigie/cmd/vigie/internal/importer"
	"vigie/watchlist"
)

// newSender gives a sender with a journal and a photo folder, but no node.
func newSender(t *testing.T, files map[string][]byte) *sender {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	j, err := importer.OpenJournal(filepath.Join(dir, "journal"), importer.Header{Batch: "import-20261123-0a1b2c3d"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close(); j.Close() })
	return &sender{im: &importRun{photos: root}, journal: j, origin: "SEN"}
}

func TestPackShrinksPhotosToFitARequest(t *testing.T) {
	noise := image.NewRGBA(image.Rect(0, 0, 2600, 1500))
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(rng.Uint32())
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, noise, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	big := b.Bytes()
	if 2*len(big) <= chunkPhotos {
		t.Fatalf("the photo has only %d bytes", len(big))
	}
	small := jpegBytes(t, image.NewGray(image.Rect(0, 0, 200, 200)))
	s := newSender(t, map[string][]byte{"a.jpg": big, "b.jpg": big, "cut.jpg": big[:len(big)/2], "small.jpg": small})
	pc, err := s.pack(t.Context(), &importer.Record{Line: 7, Photos: []string{"a.jpg", "cut.jpg", "small.jpg", "b.jpg"}})
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	var kept []int
	for _, ph := range pc.photos {
		kept, total = append(kept, ph.n), total+len(ph.bytes)
	}
	if total != pc.size || total > chunkPhotos || len(kept) != 3 || kept[0] != 1 || kept[1] != 3 || kept[2] != 4 {
		t.Fatalf("photos %v, %d bytes of %d", kept, total, chunkPhotos)
	}
	if !bytes.Equal(pc.photos[1].bytes, small) {
		t.Error("a small photo was changed")
	}
	if p := s.im.report.Problems; len(p) != 1 || p[0].Line != 7 || p[0].Field != "photo 2" {
		t.Errorf("problems %v", p)
	}
}

func TestARefusedPhotoIsDroppedAlone(t *testing.T) {
	s := newSender(t, nil)
	rec := &importer.Record{Line: 3, Entry: watchlist.Entry{Names: []watchlist.Name{{Full: "N"}}}}
	sent := []parcel{{rec: rec, photos: []photo{{1, []byte("a")}, {2, []byte("bb")}, {3, []byte("c")}}, size: 4}}
	rejected := client.ImportResult{Line: 3, Outcome: "rejected", Code: "no_face", Errors: []client.FieldProblem{{Pointer: "/faces/1/photo", Code: "no_face"}}}
	again, err := s.record(sent, &client.ImportReport{Results: []client.ImportResult{rejected}})
	if err != nil || len(again) != 1 || len(again[0].photos) != 2 || again[0].photos[1].n != 3 || again[0].size != 2 {
		t.Fatalf("%v %+v", err, again)
	}
	if _, done := s.journal.Done(3, 0); done {
		t.Error("the line counts as done")
	}
	again, err = s.record(again, &client.ImportReport{Results: []client.ImportResult{{Line: 3, Outcome: "created", Id: "SEN-x", Revision: 1}}})
	if err != nil || len(again) != 0 || s.im.report.Written != 1 || s.im.report.Photos != 2 {
		t.Fatalf("%v %+v %+v", err, again, s.im.report)
	}
	for n, want := range map[int]bool{0: true, 1: true, 2: false, 3: true} {
		if _, done := s.journal.Done(3, n); done != want {
			t.Errorf("photo %d done: %v", n, done)
		}
	}
	// Nobody is left to look for when the only photo of a nameless line goes.
	alone := []parcel{{rec: &importer.Record{Line: 4}, photos: []photo{{1, []byte("a")}}}}
	rejected.Line, rejected.Errors[0].Pointer = 4, "/faces/0/photo"
	if again, err := s.record(alone, &client.ImportReport{Results: []client.ImportResult{rejected}}); err != nil || len(again) != 0 {
		t.Errorf("%v %+v", err, again)
	}
}

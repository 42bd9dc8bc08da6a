package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vigie/api/client"
	"vigie/cluster/clustertest"
	"vigie/cmd/vigie/internal/specimen"
	"vigie/models"
)

// badCase is one bad request and the refusal that it must get.
type badCase struct {
	name         string
	method, path string
	body         []byte
	headers      []string
	status       int
	code         string
	// pointer, when set, must be among the errors' pointers.
	pointer string
}

// testE2EBadInput sends every kind of bad input to one node: each gets its own
// 4xx, and the node goes on serving.
func testE2EBadInput(t *testing.T, c *clustertest.Cluster, engine bool) {
	list := specimen.Entries(3, time.Now())
	good := entryInput(&list[2])
	r := call(t, c, 0, "POST", "/v1/entries", mustJSON(t, good), "Idempotency-Key", "e2e-bad-base")
	if r.status != http.StatusCreated {
		t.Fatalf("base entry: %d %s", r.status, r.body)
	}
	var base client.EntryWritten
	r.decode(t, &base)
	cases := append(requestCases(t, good, base.Id), photoCases(t, engine)...)
	for _, bc := range cases {
		t.Run(bc.name, func(t *testing.T) {
			r := call(t, c, 0, bc.method, bc.path, bc.body, bc.headers...)
			if r.status != bc.status || bc.code != "" && r.code() != bc.code {
				t.Errorf("got %d %s, want %d %s\n%.400s", r.status, r.code(), bc.status, bc.code, r.body)
			}
			if ct := r.header.Get("Content-Type"); !strings.HasPrefix(ct, "application/problem+json") {
				t.Errorf("content type %q", ct)
			}
			if bc.pointer != "" && !strings.Contains(string(r.body), `"`+bc.pointer+`"`) {
				t.Errorf("no pointer %s in %.400s", bc.pointer, r.body)
			}
			if bc.code == "multiple_faces" && strings.Count(string(r.body), `"left"`) != 10 {
				t.Errorf("%d boxes of 10 in %.600s", strings.Count(string(r.body), `"left"`), r.body)
			}
			if strings.Contains(string(r.body), "Xylophagus") {
				t.Error("the refusal repeats the name that was sent")
			}
		})
	}
	t.Run("slow clients", func(t *testing.T) { testSlowClients(t, c) })
	if r := call(t, c, 0, "GET", "/health/ready", nil); r.status != http.StatusOK {
		t.Errorf("the node is not ready any more: %d %s", r.status, r.body)
	}
	if r := call(t, c, 0, "GET", "/v1/entries/"+base.Id, nil); r.status != http.StatusOK {
		t.Errorf("the node does not serve any more: %d %s", r.status, r.body)
	}
}

// requestCases are bad in all but photos.
func requestCases(t *testing.T, good client.EntryInput, entry string) []badCase {
	t.Helper()
	body := mustJSON(t, good)
	other := good
	other.Offence = "another offence"
	match := func(fields string) []byte {
		return []byte(`{"purpose":"test","reason":"end-to-end test",` + fields + `}`)
	}
	vector := func(n int, v string) []byte {
		return match(`"templates":[{"model":"` + models.DlibModel + `","values":[` + strings.TrimSuffix(strings.Repeat(v+",", n), ",") + `]}]`)
	}
	badMRZ := specimen.MRZ()
	badMRZ[1] = badMRZ[1][:9] + "9" + badMRZ[1][10:]
	unknown := entry[:len(entry)-12] + "000000000000"
	at := "/v1/entries/" + entry
	return []badCase{
		{name: "no credentials", method: "POST", path: "/v1/match", body: match(`"names":[{"full":"A B"}]`), headers: []string{"Authorization", ""}, status: 401, code: "unauthenticated"},
		{name: "wrong key", method: "GET", path: at, headers: []string{"Authorization", "Bearer vk_0000000000000000_nonsense"}, status: 401, code: "unauthenticated"},
		{name: "malformed JSON", method: "POST", path: "/v1/match", body: []byte(`{"purpose":`), status: 400, code: "malformed_json"},
		{name: "NaN", method: "POST", path: "/v1/match", body: vector(128, "NaN"), status: 400, code: "malformed_json"},
		{name: "infinite", method: "POST", path: "/v1/match", body: vector(128, "1e999"), status: 400},
		{name: "wrong-length vector", method: "POST", path: "/v1/match", body: vector(129, "0.1"), status: 422, code: "template_invalid", pointer: "/templates/0/values"},
		{name: "short vector", method: "POST", path: "/v1/match", body: vector(3, "0.1"), status: 400, code: "invalid_request", pointer: "/templates/0/values"},
		{name: "vector of zeros", method: "POST", path: "/v1/match", body: vector(128, "0"), status: 422, code: "template_invalid", pointer: "/templates/0/values"},
		{name: "unknown field", method: "POST", path: "/v1/match", body: match(`"names":[{"full":"Xylophagus"}],"shoe_size":44`), status: 400, code: "invalid_request"},
		{name: "no purpose", method: "POST", path: "/v1/match", body: []byte(`{"reason":"test","names":[{"full":"Xylophagus"}]}`), status: 400, code: "invalid_request", pointer: "/purpose"},
		{name: "empty probe", method: "POST", path: "/v1/match", body: []byte(`{"purpose":"test","reason":"end-to-end test"}`), status: 422, code: "invalid"},
		{name: "no such date", method: "POST", path: "/v1/match", body: match(`"names":[{"full":"Xylophagus"}],"birth":{"date":"1984-02-31"}`), status: 422, code: "invalid", pointer: "/birth/date"},
		{name: "wrong check digit", method: "POST", path: "/v1/match", body: mustJSON(t, client.MatchRequest{Purpose: "test", Reason: "end-to-end test", Mrz: client.MrzInput{Lines: badMRZ}}), status: 422, code: "mrz_check_digit"},
		{name: "no MRZ at all", method: "POST", path: "/v1/match", body: match(`"mrz":{"lines":["HELLO","WORLD"]}`), status: 422, code: "mrz_malformed"},
		{name: "20 MB body", method: "POST", path: "/v1/match", body: match(`"names":[{"full":"` + strings.Repeat("x", 20<<20) + `"}]`), status: 413, code: "body_too_large"},
		{name: "wrong content type", method: "POST", path: "/v1/match", body: []byte("a=b"), headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, code: "unsupported_media_type"},
		{name: "unknown address", method: "GET", path: "/v1/nothing", status: 404, code: "unknown_route"},
		{name: "unknown entry", method: "GET", path: "/v1/entries/" + unknown, status: 404, code: "not_found"},
		{name: "malformed id", method: "GET", path: "/v1/entries/abc", status: 400, code: "invalid_request"},
		{name: "no If-Match", method: "PUT", path: at, body: body, status: 428, code: "precondition_required"},
		{name: "stale If-Match", method: "PUT", path: at, body: body, headers: []string{"If-Match", `"77"`}, status: 412, code: "revision_conflict"},
		{name: "malformed If-Match", method: "PUT", path: at, body: body, headers: []string{"If-Match", "abc"}, status: 400, code: "if_match_invalid"},
		{name: "replayed key, other body", method: "POST", path: "/v1/entries", body: mustJSON(t, other), headers: []string{"Idempotency-Key", "e2e-bad-base"}, status: 422, code: "idempotency_mismatch"},
	}
}

// photoCases are bad photos, sent as the multipart body of a match.
func photoCases(t *testing.T, engine bool) []badCase {
	t.Helper()
	photo := func(name string, b []byte, status int, code string) badCase {
		contentType, body := multipartBody(t, `{"purpose":"test","reason":"end-to-end test"}`, b)
		return badCase{name: name, method: "POST", path: "/v1/match", body: body, headers: []string{"Content-Type", contentType}, status: status, code: code}
	}
	noise := image.NewGray(image.Rect(0, 0, 300, 300))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(i*i>>7 ^ i*31)
	}
	whole := jpegBytes(t, noise)
	broken := bytes.Clone(whole)
	for i := len(broken) / 3; i < len(broken)/2; i++ {
		broken[i] = 0xff
	}
	deep := image.NewNRGBA64(image.Rect(0, 0, 200, 200))
	for i := range deep.Pix {
		deep.Pix[i] = uint8(i * 7)
	}
	if !engine {
		return []badCase{photo("no engine", whole, 503, "face_engine_absent")}
	}
	out := []badCase{
		photo("text instead of a photo", []byte("this is not a photo, but long enough to be looked at"), 415, "image_unsupported"),
		photo("animated GIF", gifBytes(t), 415, "image_unsupported"),
		photo("animated WebP", animatedWebP(), 415, "image_unsupported"),
		photo("CMYK, no face", cmykJPEG(256, true), 422, "no_face"),
		photo("four inks of an unknown kind", cmykJPEG(256, false), 415, "image_unsupported"),
		photo("empty file", nil, 422, "image_corrupt"),
		photo("truncated JPEG", whole[:len(whole)/2], 422, "image_corrupt"),
		photo("corrupt JPEG", broken, 422, ""),
		photo("one pixel", pngBytes(t, image.NewRGBA(image.Rect(0, 0, 1, 1))), 422, "image_too_small"),
		photo("65,500 pixels wide", hugePNG(), 413, "image_too_large"),
		photo("16-bit noise", pngBytes(t, deep), 422, "no_face"),
		photo("grey, no face", whole, 422, "no_face"),
	}
	if ten := tenFaces(t); ten != nil {
		out = append(out, photo("ten faces", ten, 422, "multiple_faces"))
	}
	return out
}

func jpegBytes(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngBytes(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gifBytes(t *testing.T) []byte {
	t.Helper()
	frame := image.NewPaletted(image.Rect(0, 0, 200, 200), palette.WebSafe)
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// animatedWebP is the header of a WebP whose animation flag is set.
func animatedWebP() []byte {
	b := []byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\xff\x00\x00\xff\x00\x00")
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// cmykJPEG is an even picture of four inks, side (a multiple of 8) px wide and
// high; with adobe it says so as printers' software does. Both Huffman tables
// hold one code, "0", for the symbol 0: no difference, and end of block.
func cmykJPEG(side int, adobe bool) []byte {
	b := []byte{0xff, 0xd8}
	segment := func(marker byte, data ...byte) {
		b = append(b, 0xff, marker)
		b = binary.BigEndian.AppendUint16(b, uint16(len(data)+2))
		b = append(b, data...)
	}
	if adobe {
		segment(0xee, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00")...)
	}
	segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)
	frame := []byte{8, byte(side >> 8), byte(side), byte(side >> 8), byte(side), 4}
	scan := []byte{4}
	for c := range byte(4) {
		frame, scan = append(frame, c+1, 0x11, 0), append(scan, c+1, 0)
	}
	segment(0xc0, frame...)
	for _, table := range []byte{0x00, 0x10} {
		segment(0xc4, append([]byte{table, 1}, make([]byte, 16)...)...)
	}
	segment(0xda, append(scan, 0, 63, 0)...)
	b = append(b, make([]byte, side/8*(side/8))...) // a byte for the four blocks of 8 x 8 px
	return append(b, 0xff, 0xd9)
}

// hugePNG is the header of a PNG of 65,500 x 65,500 pixels with next to no data.
func hugePNG() []byte {
	ihdr := []byte("IHDR")
	ihdr = binary.BigEndian.AppendUint32(ihdr, 65500)
	ihdr = binary.BigEndian.AppendUint32(ihdr, 65500)
	ihdr = append(ihdr, 8, 2, 0, 0, 0)
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	b = append(b, ihdr...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(ihdr))
	return append(b, "\x00\x00\x00\x00IDAT"...)
}

// tenFaces puts ten London portraits side by side, nil when there are none.
func tenFaces(t *testing.T) []byte {
	t.Helper()
	dir, missing := testFaces()
	if missing != "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "london_frll", "img_675", "neutral_front__*.jpg"))
	if err != nil || len(files) < 10 {
		return nil
	}
	const side = 675
	sheet := image.NewRGBA(image.Rect(0, 0, 5*side, 2*side))
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	for i, f := range files[:10] {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m, err := jpeg.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		at := image.Pt(i%5*side, i/5*side)
		draw.Draw(sheet, m.Bounds().Sub(m.Bounds().Min).Add(at), m, m.Bounds().Min, draw.Src)
	}
	return jpegBytes(t, sheet)
}

// testSlowClients opens connections that send a header and a body byte by byte:
// others are served meanwhile, and the slow header is cut off.
func testSlowClients(t *testing.T, c *clustertest.Cluster) {
	transport, ok := c.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatalf("transport %T", c.Client().Transport)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var slow sync.WaitGroup
	for _, text := range []string{"GET /v1/me HTTP/1.1\r\nHost: x\r\nX-Slow: ", "POST /v1/match HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + c.Admin.Key +
		"\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"} {
		conn, err := (&tls.Dialer{Config: transport.TLSClientConfig}).DialContext(ctx, "tcp", c.Addr(0))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		header := strings.HasPrefix(text, "GET")
		slow.Go(func() {
			begin := time.Now()
			for i := 0; ctx.Err() == nil; i++ {
				b := []byte("x")
				if i == 0 {
					b = []byte(text)
				}
				if _, err := conn.Write(b); err != nil {
					break
				}
				select {
				case <-ctx.Done():
				case <-time.After(50 * time.Millisecond):
				}
			}
			if took := time.Since(begin); header {
				t.Logf("the slow header was cut off after %v", took.Round(100*time.Millisecond))
				if took > 15*time.Second {
					t.Error("the slow header was not cut off within 15 s")
				}
				cancel() // the slow body may go on for a minute: that is a bad link, not an attack
			}
		})
	}
	served := 0
	for ctx.Err() == nil {
		if r := call(t, c, 0, "GET", "/health/ready", nil); r.status == http.StatusOK {
			served++
		}
		time.Sleep(5 * time.Millisecond) // a pace, not a synchronisation
	}
	slow.Wait()
	if served < 50 {
		t.Errorf("only %d requests were served beside the slow ones", served)
	}
}

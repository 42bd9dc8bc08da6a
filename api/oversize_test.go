package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vigie/api/gen"
)

// unsized hides a body's length, so that it is sent without one.
type unsized struct{ io.Reader }

// TestOversizeBodyGetsItsProblem: a client that sends too much reads why, over
// HTTP/1.1 and HTTP/2, whether it says the size or not. Over HTTP/2 other
// requests of the connection go on.
func TestOversizeBodyGetsItsProblem(t *testing.T) {
	conf, ca := testTLS(t)
	r := serve(t, func(o *Options) { o.TLS = conf })
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	for major, h2 := range map[int]bool{1: false, 2: true} {
		tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: h2}
		t.Cleanup(tr.CloseIdleConnections)
		body := bytes.Repeat([]byte(" "), 9<<20)
		for name, sent := range map[string]io.Reader{"sized": bytes.NewReader(body), "unsized": unsized{bytes.NewReader(body)}} {
			req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "https://"+r.addr+"/v1/match", sent)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+r.tokens[officer])
			req.Header.Set("Content-Type", mediaJSON)
			res, err := tr.RoundTrip(req)
			if err != nil {
				t.Fatalf("HTTP/%d %s: %v", major, name, err)
			}
			var p gen.Problem
			err = json.NewDecoder(res.Body).Decode(&p)
			res.Body.Close()
			if err != nil || p.Code != "body_too_large" || res.StatusCode != 413 || res.ProtoMajor != major || res.Close != !h2 {
				t.Errorf("HTTP/%d %s: %v %v, close %v, %+v", major, name, res.Proto, err, res.Close, p)
			}
		}
		if h2 && !reusesConnection(t, tr, "https://"+r.addr+"/health/live") {
			t.Error("the connection was ended")
		}
	}
}

func reusesConnection(t *testing.T, tr http.RoundTripper, url string) (reused bool) {
	t.Helper()
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return reused
}

// TestOversizeBodyFromCurl: curl drops an answer whose stream is reset, or whose
// connection ends, while it is still sending.
func TestOversizeBodyFromCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("no curl here")
	} else if err != nil {
		t.Fatal(err)
	}
	conf, ca := testTLS(t)
	r := serve(t, func(o *Options) { o.TLS = conf })
	dir := t.TempDir()
	file, pem := filepath.Join(dir, "body"), filepath.Join(dir, "ca.pem")
	if err := errors.Join(os.WriteFile(file, bytes.Repeat([]byte(" "), 20<<20), 0o600), os.WriteFile(pem, ca, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"--http1.1", "--http2"} {
		for _, how := range [][]string{{"--data-binary", "@" + file}, {"-X", "POST", "-T", "-"}} {
			for range 3 { // it was a race
				args := append([]string{"-sS", version, "--cacert", pem, "-H", "Authorization: Bearer " + r.tokens[officer], "-H", "Content-Type: " + mediaJSON, "-H", "Expect:"}, how...)
				cmd := exec.CommandContext(t.Context(), curl, append(args, "https://"+r.addr+"/v1/match")...)
				in, err := os.Open(file)
				if err != nil {
					t.Fatal(err)
				}
				cmd.Stdin = in
				out, err := cmd.CombinedOutput()
				in.Close()
				if err != nil || !strings.Contains(string(out), `"body_too_large"`) {
					t.Errorf("curl %s %s: %v %s", version, how[0], err, out)
				}
			}
		}
	}
}

// TestPhotoSizesInTheContract: what the text promises is what the caps let
// through.
func TestPhotoSizesInTheContract(t *testing.T) {
	doc := contractDoc(t)
	for path, caps := range map[string][]string{
		"/v1/match":                 {"x-max-multipart", "24 MiB together", "x-max-body", "at most 8 MiB"},
		"/v1/entries/{entry}/faces": {"x-max-multipart", "", "x-max-body", ""},
	} {
		op := doc.Paths.Find(path).Post
		text := strings.Join(strings.Fields(op.Description), " ")
		if !strings.Contains(text, "at most 10 MiB") {
			t.Errorf("%s doesn't say how large a photo may be", path)
		}
		for i := 0; i < len(caps); i += 2 {
			var n int64
			if err := extension(op, caps[i], &n); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(text, caps[i+1]) || caps[i+1] != "" && !strings.Contains(caps[i+1], itoa(int(n>>20))+" MiB") {
				t.Errorf("%s: %s is %d, the text doesn't say so", path, caps[i], n)
			}
		}
	}
	r := newRig(t)
	photo := strings.Repeat("x", 10<<20)
	send := func(last int) ask {
		kind, body := formBody(t, filePart{"probe", mediaJSON, `{"purpose":"test","reason":"sizes"}`}, filePart{"photo", mediaJPEG, photo}, filePart{"photo", mediaJPEG, photo}, filePart{"photo", mediaJPEG, photo[:last]})
		return ask{method: "POST", path: "/v1/match", role: officer, kind: kind, body: body}
	}
	r.want(200, send(4<<20-2048))
	r.problem("body_too_large", send(4<<20))
	id := r.enrolled()
	r.want(201, ask{method: "POST", path: "/v1/entries/" + id + "/faces", role: admin, body: map[string]any{"photo": map[string]any{"image": []byte(photo)}}})
	kind, body := formBody(t, filePart{"photo", mediaJPEG, "y" + photo[1:]})
	r.want(201, ask{method: "POST", path: "/v1/entries/" + id + "/faces", role: admin, kind: kind, body: body})
	r.problem("image_too_large", ask{method: "POST", path: "/v1/entries/" + id + "/faces", role: admin, body: map[string]any{"photo": map[string]any{"image": []byte(photo + "x")}}})
}

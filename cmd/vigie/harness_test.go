package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vigie/cluster/clustertest"
	"vigie/matcher/face/dlib"
	"vigie/models"
)

// buildBinary builds vigie once per test run, in the flavour that the test itself was
// built in.
var buildBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "vigie-test-")
	if err != nil {
		return "", err
	}
	builtIn = dir
	out := filepath.Join(dir, "vigie")
	args := []string{"build", "-o", out}
	if !dlib.Available() {
		args = append(args, "-tags", "nodlib")
	}
	if text, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, text)
	}
	return out, nil
})

// builtIn is the folder that buildBinary made, removed by TestMain.
var builtIn string

func vigieBinary(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped by -short: needs the built binary and real processes")
	}
	path, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// repoRoot is the repository, seen from this package's folder.
const repoRoot = "../.."

// testModels gives the models' folder, or why faces can't be tested.
func testModels() (dir, missing string) {
	if !dlib.Available() {
		return "", "this build has no face engine (tag nodlib or no cgo)"
	}
	dir, err := models.FindDir("")
	if err != nil {
		dir = filepath.Join(repoRoot, "var", "models")
	}
	if bad := models.Verify(dir); len(bad) > 0 {
		return "", bad[0].Detail
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err.Error()
	}
	return abs, ""
}

// testFaces gives the folder of the face sets, or why there is none.
func testFaces() (dir, missing string) {
	data := os.Getenv("VIGIE_TESTDATA")
	if data == "" {
		data = filepath.Join(repoRoot, "..", "shared", "data")
	}
	dir = filepath.Join(data, "faces")
	if _, err := os.Stat(dir); err != nil {
		return "", "the face sets are missing: set VIGIE_TESTDATA (" + err.Error() + ")"
	}
	return dir, ""
}

// demoFaces gives the folder of the demonstration portraits, or why there is
// none.
func demoFaces() (dir, missing string) {
	dir = filepath.Join(repoRoot, "var", "demo-faces")
	if items, err := filepath.Glob(filepath.Join(dir, "*.jpg")); err != nil || len(items) == 0 {
		return "", "no portraits in var/demo-faces: run `make demo-faces`"
	}
	return dir, ""
}

// loudSkip skips in a way that is seen: the reason goes to standard error too.
func loudSkip(t *testing.T, reason string) {
	t.Helper()
	fmt.Fprintf(os.Stderr, "\n*** SKIPPED %s: %s\n\n", t.Name(), reason)
	t.Skip(reason)
}

// needFaces gives the folders of the models and of the demonstration portraits,
// or skips.
func needFaces(t *testing.T) (modelsDir, portraits string) {
	t.Helper()
	modelsDir, missing := testModels()
	portraits, none := demoFaces()
	if missing != "" || none != "" {
		loudSkip(t, strings.TrimSpace(missing+" "+none))
	}
	return modelsDir, portraits
}

// startNodes starts a cluster that is stopped when the test ends; the logs'
// ends are shown when it failed.
func startNodes(t *testing.T, opt clustertest.Options) *clustertest.Cluster {
	t.Helper()
	opt.Binary = vigieBinary(t)
	if opt.Dir == "" {
		opt.Dir = t.TempDir()
	}
	begin := time.Now()
	c, err := clustertest.Start(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d nodes ready after %v", c.Len(), time.Since(begin).Round(time.Millisecond))
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("stop the nodes: %v", err)
		}
		if !t.Failed() {
			return
		}
		for i := range c.Len() {
			b, _ := os.ReadFile(c.LogFile(i))
			t.Logf("%s ends:\n%s", c.LogFile(i), b[max(0, len(b)-2000):])
		}
	})
	return c
}

// reply is an HTTP answer, read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// decode reads the reply's JSON.
func (r reply) decode(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal(r.body, into); err != nil {
		t.Fatalf("status %d, body %.300s: %v", r.status, r.body, err)
	}
}

// code is the problem code of a refusal.
func (r reply) code() string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(r.body, &p)
	return p.Code
}

// request sends a request to node i with the administrator's key; headers are
// pairs of name and value, and an empty value removes the header.
func request(ctx context.Context, c *clustertest.Cluster, i int, method, path string, body []byte, headers ...string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.URL(i)+path, bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bearer "+c.Admin.Key)
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for h := 0; h+1 < len(headers); h += 2 {
		if req.Header.Set(headers[h], headers[h+1]); headers[h+1] == "" {
			req.Header.Del(headers[h])
		}
	}
	res, err := c.Client().Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, b}, err
}

// call is request for a test that can't go on without an answer.
func call(t *testing.T, c *clustertest.Cluster, i int, method, path string, body []byte, headers ...string) reply {
	t.Helper()
	r, err := request(t.Context(), c, i, method, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// readFile reads a file that must be there.
func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// writeFile writes a private file and gives its path.
func writeFile(t *testing.T, path string, b []byte) string {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// mustJSON encodes what can always be encoded.
func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// multipartBody makes a form with a probe and one photo, as any client may.
func multipartBody(t *testing.T, probe string, photo []byte) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, x := range []struct {
		head, kind string
		content    []byte
	}{{`form-data; name="probe"`, "application/json", []byte(probe)}, {`form-data; name="photo"; filename="p"`, "image/jpeg", photo}} {
		pw, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {x.head}, "Content-Type": {x.kind}})
		if err == nil {
			_, err = pw.Write(x.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

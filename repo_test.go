package vigie_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The repository's own rules, checked from the sources alone so that every
// build tag is covered.

const module = "vigie"

// arrows lists, per top-level folder, the top-level folders that it may import.
var arrows = map[string][]string{
	"watchlist":  {},
	"models":     {"watchlist"},
	"index":      {"watchlist", "models"},
	"matcher":    {"watchlist", "models"},
	"cluster":    {"watchlist"},
	"api":        {"watchlist"},
	"cmd":        {"watchlist", "models", "index", "matcher", "cluster", "api", "benchmarks"},
	"benchmarks": {"watchlist", "models", "index", "matcher", "cluster", "api"},
}

// soleImporters says which folders alone may import a package, and why.
var soleImporters = []struct {
	imported string
	folders  []string
	why      string
}{
	{"github.com/blevesearch/", []string{"index/text"}, "bleve serves the search by text, and nothing on the way of a match (ADR 0013)"},
	{"github.com/Kagami/go-face", []string{"matcher/face/dlib"}, "the only C++ on untrusted pixels"},
	{"github.com/yalue/onnxruntime_go", []string{"matcher/face/onnx"}, "the runtime's library is loaded in one place"},
	{"C", []string{"matcher/face/dlib"}, "everything else builds without cgo"},
	{"github.com/labstack/echo", []string{"api"}, "the move to echo v5 stays a one-package change (D1)"},
	{"github.com/hashicorp/raft", []string{"cluster", "benchmarks/bareraft"}, "consensus stays in the cluster; a benchmark holds it against raft alone"},
	{"log", []string{"cluster"}, "logs go through an injected slog.Logger; raft's own logger wants one"},
	{"math/rand", nil, "math/rand/v2 draws better"},
	{"math/rand/v2", []string{"benchmarks", "index/indextest", "cmd/vigie/internal/specimen"}, "secrets need crypto/rand, and Apply must be deterministic"},
}

// pureImports lists what the pure packages may import besides the standard
// library and their own module's packages.
var pureImports = map[string][]string{
	"watchlist":         {},
	"watchlist/country": {"golang.org/x/text/"},
	"watchlist/docnum":  {},
	"watchlist/mrz":     {"golang.org/x/text/"},
	"watchlist/names":   {"golang.org/x/text/", "github.com/mozillazg/go-unidecode"},
	"watchlist/command": {"github.com/fxamacker/cbor/"},
	"watchlist/sharing": {"github.com/fxamacker/cbor/"},
	"cluster/feed":      {"github.com/fxamacker/cbor/", "github.com/klauspost/compress/", "github.com/transparency-dev/merkle/", "golang.org/x/mod/sumdb/note"},
}

// bannedCalls lists calls that a folder must not make.
var bannedCalls = []struct {
	folders []string
	except  []string
	pkg     string
	names   []string
	why     string
}{
	{[]string{"cluster/feed", "cluster/fsm", "matcher/score", "watchlist"}, nil, "time", []string{"Now", "Since", "Until"}, "the clock would differ between nodes"},
	{[]string{""}, []string{"cmd", "benchmarks/cmd"}, "os", []string{"Exit"}, "only main may end the process"},
	{[]string{""}, []string{"cmd", "benchmarks/cmd"}, "fmt", []string{"Print", "Printf", "Println"}, "libraries don't talk to the terminal"},
}

type source struct {
	dir, file string
	test, gen bool
	ast       *ast.File
	lines     int
}

func under(dir, folder string) bool {
	return folder == "" || dir == folder || strings.HasPrefix(dir, folder+"/")
}

func sources(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	fset := token.NewFileSet()
	var all []source
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", "node_modules", "var", "bin", "testdata", "tools":
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, p, b, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{
			dir: path.Dir(filepath.ToSlash(p)), file: filepath.ToSlash(p),
			test: strings.HasSuffix(p, "_test.go"), gen: ast.IsGenerated(f),
			ast: f, lines: strings.Count(string(b), "\n"),
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d Go files found: is the test run from the root?", len(all))
	}
	return fset, all
}

func TestImportArrows(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		for _, im := range s.ast.Imports {
			p := strings.Trim(im.Path.Value, `"`)
			if !s.test {
				checkArrow(t, s, p)
				checkPure(t, s, p)
			}
			for _, r := range soleImporters {
				if s.test && strings.HasPrefix(p, "math/rand") {
					continue
				}
				// There it is the oracle of the tests.
				if s.test && s.dir == "index/name" && strings.HasPrefix(p, "github.com/blevesearch/") {
					continue
				}
				if (p == r.imported || strings.Contains(r.imported, ".") && strings.HasPrefix(p, r.imported)) &&
					!slices.ContainsFunc(r.folders, func(f string) bool { return under(s.dir, f) }) {
					t.Errorf("%s imports %s, which only %v may: %s", s.file, p, r.folders, r.why)
				}
			}
		}
	}
}

func checkArrow(t *testing.T, s source, p string) {
	t.Helper()
	rest, ours := strings.CutPrefix(p, module+"/")
	if !ours {
		return
	}
	from, _, _ := strings.Cut(s.dir, "/")
	to, _, _ := strings.Cut(rest, "/")
	allowed, known := arrows[from]
	if !known {
		t.Errorf("%s lies in a folder without arrows", s.file)
	} else if from != to && !slices.Contains(allowed, to) {
		t.Errorf("%s imports %s: the arrow %s -> %s is not drawn", s.file, p, from, to)
	}
}

func checkPure(t *testing.T, s source, p string) {
	t.Helper()
	allowed, pure := pureImports[s.dir]
	first, _, _ := strings.Cut(p, "/")
	if !pure || !strings.Contains(first, ".") {
		return
	}
	if !slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(p, a) }) {
		t.Errorf("%s imports %s: %s is pure", s.file, p, s.dir)
	}
}

func TestBannedCalls(t *testing.T) {
	fset, all := sources(t)
	for _, s := range all {
		if s.test {
			continue
		}
		for _, b := range bannedCalls {
			if !slices.ContainsFunc(b.folders, func(f string) bool { return under(s.dir, f) }) ||
				slices.ContainsFunc(b.except, func(f string) bool { return under(s.dir, f) }) {
				continue
			}
			ast.Inspect(s.ast, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == b.pkg && slices.Contains(b.names, sel.Sel.Name) {
					t.Errorf("%s: %s.%s: %s", fset.Position(n.Pos()), b.pkg, sel.Sel.Name, b.why)
				}
				return true
			})
		}
	}
}

func TestOnePackageDoc(t *testing.T) {
	_, all := sources(t)
	docs := map[string][]string{}
	for _, s := range all {
		if s.test || s.dir == "." {
			continue
		}
		if _, ok := docs[s.dir]; !ok {
			docs[s.dir] = nil
		}
		if s.ast.Doc != nil && !s.gen {
			docs[s.dir] = append(docs[s.dir], path.Base(s.file))
		}
	}
	for dir, files := range docs {
		if !slices.Equal(files, []string{"doc.go"}) {
			t.Errorf("%s: the package comment belongs in doc.go alone, found in %v", dir, files)
		}
	}
}

// TestInvariantsAreGuarded holds ARCHITECTURE's table against the tests.
func TestInvariantsAreGuarded(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, all := sources(t)
	have := map[string]bool{}
	for _, s := range all {
		for _, d := range s.ast.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.test {
				have[f.Name.Name] = true
			}
		}
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllStringSubmatch(string(text), -1)
	if len(named) < 15 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, n := range named {
		if !have[n[1]] {
			t.Errorf("ARCHITECTURE.md names %s, which does not exist", n[1])
		}
	}
}

func TestSizes(t *testing.T) {
	fset, all := sources(t)
	for _, s := range all {
		if s.gen {
			continue
		}
		if s.lines > 700 {
			t.Errorf("%s has %d lines, 700 are allowed", s.file, s.lines)
		}
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || s.test || f.Body == nil {
				continue
			}
			if n := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line; n > 90 {
				t.Errorf("%s: %s has %d lines, 90 are allowed", fset.Position(f.Pos()), f.Name.Name, n)
			}
			if f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s: no init functions", fset.Position(f.Pos()))
			}
		}
	}
}

// TestNothingBuiltIsTracked: a tracked link, or a file of var/ or bin/, replaces or
// removes what a checkout has there: models, builds, other checkouts' by a link.
func TestNothingBuiltIsTracked(t *testing.T) {
	if _, err := os.Stat(".git"); err != nil {
		t.Skip("no checkout of git")
	}
	out, err := exec.CommandContext(t.Context(), "git", "ls-files", "--stage", "-z").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(files) < 100 {
		t.Fatalf("only %d tracked files", len(files))
	}
	for _, f := range files {
		about, name, _ := strings.Cut(f, "\t")
		if !strings.HasPrefix(about, "100") {
			t.Errorf("%s is tracked and no plain file (%s)", name, about)
		}
		for _, folder := range []string{"var", "bin", "benchmarks/out", "api/console/dist"} {
			if under(name, folder) {
				t.Errorf("%s is tracked; .gitignore keeps %s out", name, folder)
			}
		}
	}
}

func TestShapes(t *testing.T) {
	fset, all := sources(t)
	for _, s := range all {
		if s.gen || s.test {
			continue
		}
		if s.ast.Name.Name == "util" || s.ast.Name.Name == "utils" {
			t.Errorf("%s: no package is named util", s.file)
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.InterfaceType:
				if x.Methods != nil && len(x.Methods.List) > 4 {
					t.Errorf("%s: an interface has at most 4 methods", fset.Position(x.Pos()))
				}
			case *ast.StructType:
				for _, f := range x.Fields.List {
					if sel, ok := f.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Context" {
						if id, ok := sel.X.(*ast.Ident); ok && id.Name == "context" {
							t.Errorf("%s: no context in a struct", fset.Position(f.Pos()))
						}
					}
				}
			}
			return true
		})
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	fset, all := sources(t)
	for _, s := range all {
		if s.gen || s.test || s.ast.Name.Name == "main" {
			continue
		}
		for _, d := range s.ast.Decls {
			switch x := d.(type) {
			case *ast.FuncDecl:
				if x.Name.IsExported() && x.Doc == nil && exportedReceiver(x) {
					t.Errorf("%s: %s has no doc comment", fset.Position(x.Pos()), x.Name.Name)
				}
			case *ast.GenDecl:
				checkGenDocs(t, fset, x)
			}
		}
	}
}

func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return !ok || id.IsExported()
}

func checkGenDocs(t *testing.T, fset *token.FileSet, d *ast.GenDecl) {
	t.Helper()
	for _, spec := range d.Specs {
		switch x := spec.(type) {
		case *ast.TypeSpec:
			if x.Name.IsExported() && d.Doc == nil && x.Doc == nil {
				t.Errorf("%s: type %s has no doc comment", fset.Position(x.Pos()), x.Name.Name)
			}
		case *ast.ValueSpec:
			for _, n := range x.Names {
				if n.IsExported() && d.Doc == nil && x.Doc == nil && x.Comment == nil {
					t.Errorf("%s: %s has no doc comment", fset.Position(n.Pos()), n.Name)
				}
			}
		}
	}
}

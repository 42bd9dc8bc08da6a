package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Problem is one thing that is wrong in the file.
type Problem struct {
	File string
	// Line counts from 1; 0 when a key is missing altogether.
	Line   int
	Detail string
}

// Error implements error as FILE:LINE: detail.
func (p Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Detail
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Detail)
}

// Problems is everything that is wrong in the file, in the order of its lines.
type Problems []Problem

// Error implements error, one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, x := range p {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}

// Find gives the configuration file to use: the one asked for, $VIGIE_CONFIG as
// getenv knows it, ./vigie.yaml or /etc/vigie/vigie.yaml, whichever is first.
// When there is none it gives "./vigie.yaml".
func Find(asked string, getenv func(string) string) string {
	if asked != "" {
		return asked
	}
	if p := getenv("VIGIE_CONFIG"); p != "" {
		return p
	}
	for _, p := range []string{"vigie.yaml", "/etc/vigie/vigie.yaml"} {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return "vigie.yaml"
}

// Load reads and checks the file. The error is Problems when the content is
// wrong, and an *os.PathError when the file can't be read.
func Load(path string) (*Config, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, b)
}

// Parse reads and checks a file's bytes; path names it in errors, and its folder
// is what relative paths inside it are relative to.
func Parse(path string, b []byte) (*Config, error) {
	c := Default()
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	c.path = abs
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return nil, decodeProblems(path, err)
	}
	var more yaml.Node
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, Problems{{File: path, Line: max(more.Line, 1), Detail: "the file holds more than one document: everything after '---' would be ignored, so remove it"}}
	}
	var root yaml.Node
	if err := yaml.Unmarshal(b, &root); err != nil {
		return nil, decodeProblems(path, err)
	}
	c.resolve()
	if found := c.check(); len(found) > 0 {
		return nil, locate(path, &root, found)
	}
	return &c, nil
}

var (
	lineRE    = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	unknownRE = regexp.MustCompile(`^field (\S+) not found in type config\.(\w+)$`)
	typeRE    = regexp.MustCompile("^cannot unmarshal !!(\\w+) `.*` into (\\S+)$")
)

// decodeProblems turns the YAML package's errors into ours.
func decodeProblems(path string, err error) Problems {
	var te *yaml.TypeError
	texts := []string{err.Error()}
	if errors.As(err, &te) {
		texts = te.Errors
	}
	out := make(Problems, 0, len(texts))
	for _, t := range texts {
		p := Problem{File: path, Detail: strings.TrimPrefix(t, "yaml: ")}
		if m := lineRE.FindStringSubmatch(t); m != nil {
			p.Line, _ = strconv.Atoi(m[1])
			p.Detail = m[2]
		}
		if m := unknownRE.FindStringSubmatch(p.Detail); m != nil {
			p.Detail = fmt.Sprintf("unknown key %q; known here: %s", m[1], strings.Join(keysOf(m[2]), ", "))
		} else if m := typeRE.FindStringSubmatch(p.Detail); m != nil {
			p.Detail = fmt.Sprintf("a value of kind %s stands where %s is expected", m[1], m[2])
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b Problem) int { return a.Line - b.Line })
	return out
}

// keysOf lists the keys of the section whose Go type has the given name, those of
// the whole file when there is none.
func keysOf(typeName string) []string {
	t, ok := section(reflect.TypeFor[Config](), typeName)
	if !ok {
		t = reflect.TypeFor[Config]()
	}
	var keys []string
	for i := range t.NumField() {
		if k := t.Field(i).Tag.Get("yaml"); k != "" {
			keys = append(keys, k)
		}
	}
	return keys
}

// section finds a section, at any depth.
func section(t reflect.Type, name string) (reflect.Type, bool) {
	if t.Name() == name {
		return t, true
	}
	for i := range t.NumField() {
		if f := t.Field(i).Type; f.Kind() == reflect.Struct {
			if found, ok := section(f, name); ok {
				return found, true
			}
		}
	}
	return nil, false
}

// locate turns findings by path into problems with a line.
func locate(file string, root *yaml.Node, found []finding) Problems {
	out := make(Problems, 0, len(found))
	for _, f := range found {
		out = append(out, Problem{File: file, Line: lineOf(root, strings.Split(f.path, ".")), Detail: f.path + ": " + f.detail})
	}
	slices.SortStableFunc(out, func(a, b Problem) int { return a.Line - b.Line })
	return out
}

// lineOf gives the line of the value at path, or that of its nearest section
// that is in the file, or 0.
func lineOf(root *yaml.Node, path []string) int {
	n := root
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	line := 0
	for _, key := range path {
		next := child(n, key)
		if next == nil {
			break
		}
		n, line = next, next.Line
	}
	return line
}

func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

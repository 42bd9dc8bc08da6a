package config

import (
	"bytes"
	_ "embed" // example.yaml
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed example.yaml
var example []byte

// Example gives the commented example file, with the values of set put in. The
// keys of set are dotted paths such as "node.name"; an unknown one is an error.
// The result keeps all comments.
func Example(set map[string]string) ([]byte, error) {
	if len(set) == 0 {
		return bytes.Clone(example), nil
	}
	var root yaml.Node
	if err := yaml.Unmarshal(example, &root); err != nil {
		return nil, fmt.Errorf("embedded example: %w", err)
	}
	for _, path := range slices.Sorted(maps.Keys(set)) {
		n := root.Content[0]
		for key := range strings.SplitSeq(path, ".") {
			n = child(n, key)
		}
		if n == nil || n.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("the configuration has no key %q", path)
		}
		if n.Tag == "!!str" || n.Tag == "" {
			n.Style = yaml.DoubleQuotedStyle
		}
		n.Value = set[path]
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&root); err != nil {
		return nil, fmt.Errorf("write the example: %w", err)
	}
	return out.Bytes(), enc.Close()
}

package benchmarks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const resultsHead = "# Measured results\n\nEach section is written by its `make bench-<area>` target and says on which machine and commit it was measured.\n"

// WriteJSON writes v, indented, to dir/area.json.
func WriteJSON(dir, area string, v any) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the output folder: %w", err)
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the results: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, area+".json"), append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return nil
}

// WriteSection puts text in the place of the section of that area in the
// Markdown file, or at its end; other sections stay as they are.
func WriteSection(file, area, text string) error {
	begin, end := "<!-- begin "+area+" -->\n", "<!-- end "+area+" -->\n"
	old, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		old, err = []byte(resultsHead), nil
	}
	if err != nil {
		return fmt.Errorf("read the results: %w", err)
	}
	body, section := string(old), begin+text+end
	if before, rest, ok := strings.Cut(body, begin); ok {
		_, after, closed := strings.Cut(rest, end)
		if !closed {
			return fmt.Errorf("%s: section %s has no end", file, area)
		}
		body = before + section + after
	} else {
		body += "\n" + section
	}
	if err := os.WriteFile(file, []byte(body), 0o644); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return nil
}

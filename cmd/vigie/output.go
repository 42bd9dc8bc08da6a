package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"unicode"

	"golang.org/x/term"
)

// emit prints v as JSON under --json, else what table writes.
func (p *program) emit(v any, table func(w io.Writer)) error {
	if p.json {
		return p.emitJSON(v)
	}
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	table(w)
	return w.Flush()
}

func (p *program) emitJSON(v any) error {
	enc := json.NewEncoder(p.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// row writes one line of a table. Cells lose control characters, so that
// nothing stored in an entry can drive the terminal.
func row(w io.Writer, cells ...any) {
	text := make([]string, len(cells))
	for i, c := range cells {
		text[i] = printable(fmt.Sprint(c))
	}
	fmt.Fprintln(w, strings.Join(text, "\t"))
}

// printable drops control characters and bidirectional overrides.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
}

// say prints the one line that a command has to say; under --json as an object.
func (p *program) say(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if p.json {
		return p.emitJSON(struct {
			Done string `json:"done"`
		}{text})
	}
	_, err := fmt.Fprintln(p.out, printable(text))
	return err
}

// note prints one line on standard error.
func (p *program) note(format string, args ...any) {
	fmt.Fprintf(p.err, format+"\n", args...)
}

// terminal reports whether w is a terminal.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// dash shows an empty cell.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

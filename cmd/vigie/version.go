package main

import (
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"vigie/matcher/face/dlib"
)

// version is set by the linker (make build); else the build's own information
// is shown.
var version string

// buildInfo is what `vigie version --json` prints.
type buildInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	// FaceEngine tells whether the engine is compiled in.
	FaceEngine bool `json:"face_engine"`
}

func readBuild() buildInfo {
	b := buildInfo{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, FaceEngine: dlib.Available()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Revision = s.Value
		}
	}
	return b
}

func (p *program) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version and what is compiled in", Args: usage(cobra.NoArgs, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			b := readBuild()
			return p.emit(b, func(w io.Writer) {
				row(w, "vigie", b.Version)
				row(w, "revision", dash(b.Revision))
				row(w, "go", b.Go+" "+b.Platform)
				engine := "yes"
				if !b.FaceEngine {
					engine = "no (built with the tag nodlib)"
				}
				row(w, "face engine", engine)
			})
		},
	}
}

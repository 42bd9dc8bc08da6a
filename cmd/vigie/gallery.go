package main

import (
	"log/slog"

	"vigie/api"
	"vigie/cmd/vigie/internal/config"
	"vigie/cmd/vigie/internal/spaces"
	"vigie/index/face"
)

// galleryOptions takes the face index's options from the configuration.
func galleryOptions(c config.Match, log *slog.Logger) (face.Options, error) {
	k, err := searchKernel(c.Kernel)
	if err != nil {
		return face.Options{}, err
	}
	log.Info("the search kernel is chosen", "kernel", k.Name(), "asked", c.Kernel, "this_cpu", kernelNames())
	return face.Options{Kernel: k, MaxWaiting: c.MaxWaiting, History: uint64(c.History), Logger: log}, nil
}

// galleryStatus shows a face index to the API, which knows no index package.
func galleryStatus(g *spaces.Spaces, kernelName string) api.GalleryStatus {
	st := g.Stats()
	return api.GalleryStatus{
		Kernel: kernelName, Model: g.Model(), Templates: st.Templates, Rows: st.Rows, Skipped: st.Skipped, Segments: st.Segments,
		HotBytes: int64(st.Rows) * int64(st.HotBytes), Oldest: st.Oldest, Applied: st.Applied, Files: galleryFiles(g),
	}
}

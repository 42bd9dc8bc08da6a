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
	out := shownGallery(g.Stats(), g.Model(), kernelName)
	if st, ok := g.KeptStats(); ok {
		out.Files = shownFiles(st)
	}
	return out
}

func shownGallery(st face.Stats, model, kernelName string) api.GalleryStatus {
	return api.GalleryStatus{
		Kernel: kernelName, Model: model, Templates: st.Templates, Rows: st.Rows, Skipped: st.Skipped, Segments: st.Segments,
		HotBytes: int64(st.Rows) * int64(st.HotBytes), Oldest: st.Oldest, Applied: st.Applied,
	}
}

// shownFiles shows to the API how a gallery's files fare.
func shownFiles(st face.KeptStats) *api.GalleryFiles {
	return &api.GalleryFiles{Index: st.Applied, Saves: st.Saves, Failures: st.Failures, Bytes: st.Bytes}
}

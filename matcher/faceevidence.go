package matcher

import (
	"fmt"
	"strconv"
	"strings"

	"vigie/watchlist"
)

// faceEvidence words a face comparison and reports whether it reaches the
// operating point. It never gives a share or says that two faces are one person's.
// Params has the enrolled photo (face), how many were compared as one (references)
// and how many photos of the traveller (frames), where they are several, and the
// threshold that a reference of low quality is held to (low_quality_threshold). With
// a second encoder it also names the encoder and the calibration that scored it.
func (q *query) faceEvidence(match faceHit) (ev watchlist.Evidence, reached bool) {
	op := q.points[match.space]
	llr := q.llr(match)
	ev = watchlist.Evidence{
		Kind: watchlist.EvidenceFace, Score: match.Score, LLR: llr,
		Params: map[string]string{"face": match.Face},
	}
	if q.m.c.Second != nil {
		ev.Params["encoder"], ev.Params["calibration"] = q.spaces[match.space].gallery.Model(), op.Calibration
	}
	whom := "la photo de référence"
	if n := match.Photos(); n > 1 {
		ev.Params["references"] = strconv.Itoa(n)
		whom = fmt.Sprintf("la moyenne de %d photos de référence", n)
	}
	reached = q.meets(match)
	switch {
	case reached && match.LowQuality:
		ev.Code, ev.Reason = CodeFaceReachedLow, "Visage très proche de "+whom+"."
	case reached:
		ev.Code, ev.Reason = CodeFaceReached, "Visage très proche de "+whom+"."
	case match.Score >= op.Threshold:
		ev.Code, ev.Reason = CodeFaceShortOfLow, "Visage proche de "+whom+", sans atteindre le seuil."
	case llr > undecided:
		ev.Code, ev.Reason = CodeFaceAlike, "Visage assez proche de "+whom+", sans atteindre le seuil."
	case llr >= -undecided:
		ev.Code, ev.Reason = CodeFaceUndecided, "La comparaison des visages ne permet pas de trancher."
	default:
		ev.Code, ev.Reason = CodeFaceUnlike, "Visage différent de "+whom+"."
	}
	if match.LowQuality {
		limit := strconv.FormatFloat(op.LowQualityThreshold, 'f', 3, 64)
		ev.Params["low_quality_threshold"] = limit
		ev.Reason += " Référence de faible qualité : seuil plus strict (" + strings.Replace(limit, ".", ",", 1) + ")."
	}
	if n := q.frames(); n > 0 {
		ev.Params["frames"] = strconv.Itoa(n)
		ev.Reason += fmt.Sprintf(" Comparaison faite sur la moyenne de %d photos envoyées.", n)
	}
	if q.differ {
		ev.Params["photos"] = "differ"
		ev.Reason += " Attention : les photos envoyées ne semblent pas montrer une seule personne."
	}
	return ev, reached
}

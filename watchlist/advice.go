package watchlist

import "time"

// Advice is one short instruction for the person who takes or sends a photo.
type Advice struct {
	French     string `json:"fr"`
	English    string `json:"en"`
	Portuguese string `json:"pt"`
}

// photoAdvice says what to do about each refusal and flag of a photo. It is only
// read.
var photoAdvice = map[string]Advice{
	FaceNone:           {"Aucun visage trouvé : prenez la photo de face, plus près, à la lumière.", "No face found: take the photo from the front, closer, in good light.", "Nenhum rosto encontrado: tire a foto de frente, mais perto, com boa luz."},
	FaceMultiple:       {"Plusieurs visages : une seule personne devant l'objectif, ou désignez le visage.", "Several faces: one person before the lens, or point to the face.", "Vários rostos: uma só pessoa diante da objetiva, ou indique o rosto."},
	FaceBoxUnknown:     {"Aucun visage à cet endroit : désignez un des visages trouvés.", "No face at that place: point to one of the faces found.", "Nenhum rosto nesse lugar: indique um dos rostos encontrados."},
	FaceTooSmall:       {"Approchez : le visage est trop petit.", "Come closer: the face is too small.", "Aproxime-se: o rosto está pequeno demais."},
	FaceTooBlurred:     {"Photo trop floue : tenez l'appareil immobile et refaites la mise au point.", "Too blurred: hold the camera still and focus again.", "Foto desfocada demais: segure a câmara firme e foque de novo."},
	FaceOverexposed:    {"Visage sans détail dans le blanc : réduisez la lumière ou le flash.", "The face is lost in white: less light, or no flash.", "Rosto sem detalhe no branco: reduza a luz ou o flash."},
	FaceTurnedAway:     {"Regardez l'objectif, de face.", "Look straight at the lens.", "Olhe de frente para a objetiva."},
	FaceUnsupported:    {"Envoyez une photo JPEG, PNG ou WebP.", "Send a JPEG, PNG or WebP photo.", "Envie uma foto JPEG, PNG ou WebP."},
	FaceCorrupt:        {"Fichier endommagé : envoyez-le de nouveau ou reprenez la photo.", "Damaged file: send it again or take the photo again.", "Ficheiro danificado: envie-o de novo ou tire outra foto."},
	FaceImageTooLarge:  {"Fichier trop grand : réduisez la photo.", "File too large: make the photo smaller.", "Ficheiro grande demais: reduza a foto."},
	FaceImageTooSmall:  {"Image trop petite : envoyez l'original.", "Image too small: send the original.", "Imagem pequena demais: envie o original."},
	FaceEngineAbsent:   {"Ce poste ne lit pas les photos : cherchez par nom ou par document.", "This post reads no photos: search by name or document.", "Este posto não lê fotos: procure por nome ou documento."},
	FaceEngineOverload: {"Le poste est occupé : réessayez dans quelques secondes.", "The post is busy: try again in a few seconds.", "O posto está ocupado: tente de novo dentro de segundos."},

	FlagLowResolution:       {"Approchez.", "Come closer.", "Aproxime-se."},
	FlagBlurred:             {"Photo floue : tenez l'appareil immobile.", "Blurred: hold the camera still.", "Foto desfocada: segure a câmara firme."},
	FlagDark:                {"Des ombres sans détail : éclairez le visage de face.", "Shadows without detail: light the face from the front.", "Sombras sem detalhe: ilumine o rosto de frente."},
	FlagBright:              {"Des reflets sans détail : réduisez la lumière ou le flash.", "Highlights without detail: less light, or no flash.", "Reflexos sem detalhe: reduza a luz ou o flash."},
	FlagSideLit:             {"Lumière de côté : placez la lumière devant le visage.", "Light from the side: have the light before the face.", "Luz de lado: ponha a luz diante do rosto."},
	FlagTurned:              {"Regardez l'objectif, de face.", "Look straight at the lens.", "Olhe de frente para a objetiva."},
	FlagTilted:              {"Redressez la tête ou l'appareil.", "Straighten the head or the camera.", "Endireite a cabeça ou a câmara."},
	FlagCropped:             {"Visage trop près du bord : cadrez toute la tête.", "The face is too near the edge: have the whole head in the picture.", "Rosto perto demais da borda: enquadre a cabeça inteira."},
	FlagLowQualityReference: {"Photo de référence faible : remplacez-la dès que possible.", "Weak reference photo: replace it as soon as possible.", "Foto de referência fraca: substitua-a logo que possível."},
}

// PhotoAdvice says what to do about a Face* code or a Flag* code; ok tells
// whether there is anything to do.
func PhotoAdvice(code string) (a Advice, ok bool) {
	a, ok = photoAdvice[code]
	return a, ok
}

// Advice gives the one instruction that helps the photo most: that of its first
// flag. ok is false for a photo without fault.
func (q *FaceQuality) Advice() (a Advice, ok bool) {
	if len(q.Flags) == 0 {
		return Advice{}, false
	}
	return PhotoAdvice(q.Flags[0])
}

// lowReferenceReview is how long a low-quality reference may stand before an
// administrator should look for a better photo: a quarter of a year, a choice of
// this project and no figure of any standard.
const lowReferenceReview = 90 * 24 * time.Hour

// ReplaceBy says when a low-quality reference should have been replaced, Unix
// milliseconds: 90 days after it was added, or at the entry's own review if that
// is sooner. 0 for any other face, and for one not yet added.
func (f *Face) ReplaceBy(reviewBy int64) int64 {
	for _, flag := range f.Quality.Flags {
		if flag == FlagLowQualityReference && f.AddedAt > 0 {
			by := f.AddedAt + lowReferenceReview.Milliseconds()
			if reviewBy > 0 && reviewBy < by {
				return reviewBy
			}
			return by
		}
	}
	return 0
}

package watchlist

// Adjustment corrects the sum of a candidate's lines where they depend on one
// another: what two lines say together, for or against, is less than what each says
// alone.
type Adjustment struct {
	// Code is a stable reason code of package matcher, and Reason the same in one
	// plain sentence, in French.
	Code string `json:"code"`
	// LLR is what is added to the sum, log10.
	LLR    float64 `json:"llr"`
	Reason string  `json:"reason"`
}

// Settle names something that is not known yet and would tell whether a candidate
// is the traveller.
type Settle struct {
	// Code is one of the Settle* codes.
	Code string
	// Advice says what to ask for.
	Advice Advice
}

// What would settle a lead, the most telling first.
const (
	SettlePhotoOfTraveller    = "photo_of_traveller"
	SettleBetterPhoto         = "better_photo"
	SettleHolderOfDocument    = "holder_of_document"
	SettleDocumentOfTraveller = "document_of_traveller"
	SettleBirthOfTraveller    = "birth_of_traveller"
	SettleNameOfTraveller     = "name_of_traveller"
	SettlePhotoOfListed       = "photo_of_listed"
	SettleBirthOfListed       = "birth_of_listed"
)

// settleAdvice words the codes. It is only read.
var settleAdvice = map[string]Advice{
	SettlePhotoOfTraveller:    {"Photo de face du voyageur.", "A photo of the traveller, from the front.", "Foto de frente do viajante."},
	SettleBetterPhoto:         {"Une autre photo de face du voyageur, plus nette.", "Another, sharper photo of the traveller, from the front.", "Outra foto de frente do viajante, mais nítida."},
	SettleHolderOfDocument:    {"Vérifier que le document est bien celui du voyageur : le visage ne correspond pas.", "Check that the document is the traveller's own: the face does not fit.", "Verificar se o documento é mesmo do viajante: o rosto não corresponde."},
	SettleDocumentOfTraveller: {"Numéro du document de voyage (lire la zone MRZ).", "The number of the travel document (read the MRZ).", "Número do documento de viagem (ler a zona MRZ)."},
	SettleBirthOfTraveller:    {"Date de naissance complète du voyageur.", "The traveller's full date of birth.", "Data de nascimento completa do viajante."},
	SettleNameOfTraveller:     {"Nom complet du voyageur.", "The traveller's full name.", "Nome completo do viajante."},
	SettlePhotoOfListed:       {"Photo de la personne recherchée, à demander au service auteur de la fiche.", "A photo of the listed person, to be asked of the authority that owns the entry.", "Foto da pessoa procurada, a pedir ao serviço autor da ficha."},
	SettleBirthOfListed:       {"Date de naissance complète de la personne recherchée, à demander au service auteur de la fiche.", "The listed person's full date of birth, to be asked of the authority that owns the entry.", "Data de nascimento completa da pessoa procurada, a pedir ao serviço autor da ficha."},
}

// SettleAdvice words a Settle* code in three languages; ok is false for another
// code.
func SettleAdvice(code string) (a Advice, ok bool) {
	a, ok = settleAdvice[code]
	return a, ok
}

package mrz

import "vigie/watchlist"

// advice says what to do about each warning, wrong check digit and refusal. It is
// only read.
var advice = map[string]watchlist.Advice{
	WarningBirth:                 {French: "Date de naissance illisible : relisez-la sur le document.", English: "The date of birth can't be read: read it on the document.", Portuguese: "Data de nascimento ilegível: leia-a no documento."},
	WarningExpiry:                {French: "Date d'expiration illisible : relisez-la sur le document.", English: "The date of expiry can't be read: read it on the document.", Portuguese: "Data de validade ilegível: leia-a no documento."},
	WarningSex:                   {French: "Sexe illisible : attendu M, F ou <.", English: "The sex can't be read: M, F or < is expected.", Portuguese: "Sexo ilegível: espera-se M, F ou <."},
	WarningNameBlocks:            {French: "Le nom a plus de deux parties séparées par << : comparez avec le document.", English: "The name has more than two parts between <<: compare with the document.", Portuguese: "O nome tem mais de duas partes separadas por <<: compare com o documento."},
	WarningNameDigit:             {French: "Un chiffre dans le nom : sans doute une erreur de lecture.", English: "A digit in the name: most likely a misreading.", Portuguese: "Um algarismo no nome: provavelmente um erro de leitura."},
	WarningNameEmpty:             {French: "Aucun nom dans la zone : saisissez-le d'après le document.", English: "The zone has no name: enter it from the document.", Portuguese: "A zona não tem nome: introduza-o a partir do documento."},
	WarningNationality:           {French: "Nationalité illisible : elle n'est pas comparée.", English: "The nationality can't be read: it is not compared.", Portuguese: "Nacionalidade ilegível: não é comparada."},
	WarningIssuer:                {French: "Pays de délivrance illisible : il n'est pas comparé.", English: "The issuing state can't be read: it is not compared.", Portuguese: "País emissor ilegível: não é comparado."},
	WarningNationalityUnassigned: {French: "Ce code de nationalité n'est attribué à aucun État : relisez-le ; il n'est pas comparé.", English: "No state has this nationality code: read it again; it is not compared.", Portuguese: "Nenhum Estado tem este código de nacionalidade: leia-o de novo; não é comparado."},
	WarningIssuerUnassigned:      {French: "Ce code de pays de délivrance n'est attribué à aucun État ni organisation : relisez-le ; il n'est pas comparé.", English: "No state or organisation has this issuer code: read it again; it is not compared.", Portuguese: "Nenhum Estado nem organização tem este código de emissor: leia-o de novo; não é comparado."},

	FieldNumber:    {French: "Chiffre de contrôle faux : numéro du document.", English: "Wrong check digit: document number.", Portuguese: "Dígito de controlo errado: número do documento."},
	FieldBirth:     {French: "Chiffre de contrôle faux : date de naissance.", English: "Wrong check digit: date of birth.", Portuguese: "Dígito de controlo errado: data de nascimento."},
	FieldExpiry:    {French: "Chiffre de contrôle faux : date d'expiration.", English: "Wrong check digit: date of expiry.", Portuguese: "Dígito de controlo errado: data de validade."},
	FieldPersonal:  {French: "Chiffre de contrôle faux : données facultatives.", English: "Wrong check digit: optional data.", Portuguese: "Dígito de controlo errado: dados facultativos."},
	FieldComposite: {French: "Chiffre de contrôle d'ensemble faux : relisez les lignes.", English: "Wrong composite check digit: read the lines again.", Portuguese: "Dígito de controlo global errado: leia as linhas de novo."},

	CodeFormat:    {French: "Ce ne sont pas les lignes d'un passeport, d'un visa ou d'une carte : deux ou trois lignes de 30, 36 ou 44 caractères.", English: "These are not the lines of a passport, visa or card: two or three lines of 30, 36 or 44 characters.", Portuguese: "Não são as linhas de um passaporte, visto ou cartão: duas ou três linhas de 30, 36 ou 44 caracteres."},
	CodeLength:    {French: "La ligne n'a pas la bonne longueur : relisez-la en entier, chevrons compris.", English: "The line has the wrong length: read all of it, fillers included.", Portuguese: "A linha não tem o comprimento certo: leia-a toda, incluindo os <."},
	CodeCharacter: {French: "Seuls A à Z, 0 à 9 et < figurent dans une telle ligne.", English: "Only A to Z, 0 to 9 and < occur in such a line.", Portuguese: "Só A a Z, 0 a 9 e < aparecem nessa linha."},

	AdviceCheck: {French: "Relisez la zone sur le document, ou comparez les lectures proposées par la commande de lecture avec le document ; n'acceptez une proposition que si le document la montre.", English: "Read the zone on the document again, or hold the readings that the read operation proposes against the document; take one only if the document shows it.", Portuguese: "Leia a zona no documento de novo, ou compare com o documento as leituras propostas pela operação de leitura; só aceite uma que o documento mostre."},
}

// The codes of ParseAt's errors, and AdviceCheck, which stands for a zone with
// wrong check digits as a whole.
const (
	CodeFormat    = "unknown_format"
	CodeLength    = "wrong_length"
	CodeCharacter = "bad_character"
	AdviceCheck   = "mrz_check_digit"
)

// Advice says in three languages what to do about a warning, about the wrong
// check digit of a field, or about an error's code; ok tells whether there is
// anything to do.
func Advice(code string) (a watchlist.Advice, ok bool) {
	a, ok = advice[code]
	return a, ok
}

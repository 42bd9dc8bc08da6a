package names

import (
	"slices"
	"strings"
)

// Class says how much a word counts.
type Class uint8

// The classes. Core words carry the identity. Honorifics are titles that are
// also given names (Cheikh, El Hadji): they count when little else is there.
// Particles (Ould, Ben, Al, de) count least. An Initial is a single letter.
const (
	Core Class = iota
	Honorific
	Particle
	Initial
)

// String gives the class in lower case.
func (c Class) String() string {
	return [...]string{"core", "honorific", "particle", "initial"}[c&3]
}

// particles and honorifics are compared in folded form. Every entry is common
// knowledge of the region's civil registers and of Arabic naming; none is
// deleted, they only weigh less.
var (
	particles = words(`al el ul le la les l de da do dos das du di den der van von y e
		ould oul ouled uld wuld weld wald wold mint ment mentou bint bent ben bin ibn ibnou ibnul
		beni bani ou ag wa abd`)
	honorifics = words(`el-hadj elhadj elhadji hadj hadji hadja haji hajj hajji alhaji alhadji alhaj alhagie
		alhagi alagie aladji adja adji aja ajaratou cheikh cheick cheikhna sheikh shaykh shaikh sheik
		sidi sidy moulaye moulay imam imame iman serigne sergine serin serign thierno tierno cherno
		ceerno oustaz ustaz maitre mame mam sokhna chekh sayyid sayed syed sidna sharif cherif
		mr mrs ms mme mlle dr prof pr me colonel col general gen capitaine capt commandant cdt
		lieutenant lt sergent sgt adjudant marechal mawlana maulana mulla mullah mollah
		molla qari hafiz ustad president ministre honorable hon`)
)

// particleKinds are the particles that say the same: son of, daughter of, the.
var particleKinds = map[string]string{
	"ould": "son", "oul": "son", "ouled": "son", "uld": "son", "wuld": "son", "weld": "son", "wald": "son",
	"wold": "son", "ben": "son", "bin": "son", "ibn": "son", "ibnou": "son", "ولد": "son", "بن": "son", "ابن": "son",
	"mint": "daughter", "ment": "daughter", "mentou": "daughter", "bint": "daughter", "bent": "daughter",
	"منت": "daughter", "بنت": "daughter",
	"al": "the", "el": "the", "ul": "the", "ال": "the",
}

// sameParticle reports whether two particles say the same.
func sameParticle(a, b *Token) bool {
	if a.Class != Particle || b.Class != Particle {
		return false
	}
	k := particleKind(a)
	return k != "" && k == particleKind(b)
}

func particleKind(t *Token) string {
	if t.Source != "" {
		return particleKinds[t.Source]
	}
	return particleKinds[t.Text]
}

func words(list string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

// arabicClass classes words that come from Arabic script by their own spelling.
var arabicClass = map[string]Class{
	"ال": Particle, "ولد": Particle, "منت": Particle, "بنت": Particle, "بن": Particle,
	"ابن": Particle, "اهل": Particle, "ابو": Core, "شيخ": Honorific, "الشيخ": Honorific,
	"حاج": Honorific, "الحاج": Honorific, "سيدي": Honorific, "مولاي": Honorific, "امام": Honorific,
}

func classify(r Raw) Class {
	if r.Source != "" {
		if c, ok := arabicClass[r.Source]; ok {
			return c
		}
	}
	switch {
	case len(r.Text) == 1 && r.Source == "":
		return Initial
	case particles[r.Text]:
		return Particle
	case honorifics[r.Text]:
		return Honorific
	}
	return Core
}

// servant holds the ways of writing Abd ("servant of") before a name of God.
var servant = words("abd abdou abdoul abdul abdel abdal abdol abdu abdour abdur abder abdi")

// divine holds the names of God that follow Abd; with them Abd is one given name
// and is joined, so that "Abdou Rahmane", "Abd al-Rahman" and "Abdourahmane"
// meet. Surnames such as Bari are left out on purpose.
var (
	divine = words(`rahmane rahman ramane rahmani raman rahmana rahim rahime karim karime kerim aziz azize
		salam salame salaam kader kadir kadre khadre khadir khadr qadir qader cadre cadir ghader wahab wahabe wahhab
		malik malick latif latife letif nasser nasir nasr nassir razak razzak razzaq razaq majid madjid medjid
		jalil djalil jelil hamid hamide samad ghani gani ghafour gafour ghafur hakim jabbar djabbar jabar wahid
		wadoud wadud raouf rauf tawab fattah fatah khaliq khalek khalikh hadi hay baki baqi allah allahi ilah
		moutalib muttalib mutalib mottalib matine matin`)
	divineArabic = words(`رحمن رحيم كريم عزيز سلام قادر وهاب مالك ملك لطيف ناصر رزاق مجيد جليل حميد صمد
		غني غفور حكيم جبار واحد ودود رءوف تواب فتاح خالق هادي حي باقي الله له مطلب متين`)
)

// joinServant joins Abd, an article and a name of God into one word. In a name that
// is cut off, the last word may be the beginning of a name of God.
func joinServant(in []Raw, cut bool) []Raw {
	if !slices.ContainsFunc(in, func(r Raw) bool { return servant[r.Text] || r.Source == "عبد" }) {
		return in
	}
	out := in[:0:0]
	for i := 0; i < len(in); i++ {
		if !servant[in[i].Text] && in[i].Source != "عبد" || i+1 >= len(in) {
			out = append(out, in[i])
			continue
		}
		j := i + 1
		if j+1 < len(in) && isArticle(in[j].Text) {
			j++
		}
		if !isDivine(in[j]) && !(cut && j == len(in)-1 && beginsDivine(in[j])) {
			out = append(out, in[i])
			continue
		}
		head := in[i]
		if head.Consonantal {
			head.Text, head.Rich = "abd", "abd"
		}
		out = append(out, Raw{
			Text: head.Text + in[j].Text, Rich: head.Rich + in[j].Rich,
			Source:      head.Source + in[j].Source,
			Consonantal: head.Consonantal || in[j].Consonantal,
		})
		i = j
	}
	return out
}

func isArticle(s string) bool {
	switch s {
	case "al", "el", "ar", "er", "ur", "as", "es", "us", "an", "en", "ad", "ed", "az", "ez", "oul", "ul", "ou", "l", "r":
		return true
	}
	return false
}

// beginsDivine reports whether a word of two letters or more begins a name of God.
func beginsDivine(r Raw) bool {
	if r.Source != "" || len(r.Text) < 2 {
		return false
	}
	for d := range divine {
		if strings.HasPrefix(d, r.Text) {
			return true
		}
	}
	return false
}

func isDivine(r Raw) bool {
	if r.Source != "" {
		return divineArabic[r.Source]
	}
	return divine[r.Text]
}

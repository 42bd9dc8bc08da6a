package gen

import (
	"math/rand/v2"
	"strings"
)

// Common given names and surnames of the region, in their French spelling.
var (
	given = strings.Fields(`Mamadou Moussa Ibrahima Ousmane Abdoulaye Cheikh Modou Alioune Amadou Babacar
		Boubacar Demba Djibril El-Hadji Fallou Habib Idrissa Ismaïla Khadim Lamine Malick Mbaye Moustapha Oumar
		Pape Saliou Samba Seydou Sidy Souleymane Thierno Yaya Youssouf Alassane Bakary Bocar Daouda Insa Kéba
		Aminata Fatou Aïssatou Awa Bineta Coumba Dieynaba Fatoumata Khady Mariama Mame Marème Ndeye Nafissatou
		Oumou Ramatoulaye Rokhaya Safiétou Sokhna Yacine Adama Maïmouna Kadiatou Penda Astou Diarra Sira Tening`)
	surname = strings.Fields(`Diallo Ndiaye Diop Fall Sow Ba Sy Kane Faye Sarr Gueye Mbaye Cissé Diouf Thiam Seck
		Niang Touré Traoré Coulibaly Camara Keïta Konaté Sané Sagna Badji Diatta Diédhiou Mané Mendy Gomis Sambou
		Goudiaby Bâ Barry Bah Baldé Sall Wane Ly Dia Dieng Lo Mbengue Ndour Ngom Sène Senghor Tine Dramé Sakho
		Sissokho Tandia Danfakha Kanté Kouyaté Doumbia Diarra Sangaré Sidibé Dembélé Maïga Cissokho Soumaré Koné
		Samaké Bagayoko Condé Soumah Bangoura Sylla Kourouma Haïdara Deme Mballo Embaló Jatta Sonko Bojang Ceesay`)
	onsets = strings.Fields("b d f g k l m n r s t w y nd mb ng dj ti ou sa")
	rimes  = strings.Fields("a é i o ou an in on ar al am ad en el or ou a i")
)

// Names draws n full names: a common surname for three in four, otherwise one
// made of the region's syllables, so that the list has rare names too.
func Names(seed uint64, n int) []string {
	r := rand.New(rand.NewPCG(seed, 0x6e616d6573))
	out := make([]string, n)
	for i := range out {
		out[i] = name(r)
	}
	return out
}

func name(r *rand.Rand) string {
	parts := []string{given[r.IntN(len(given))]}
	if r.IntN(3) == 0 {
		parts = append(parts, given[r.IntN(len(given))])
	}
	if r.IntN(4) > 0 {
		return strings.Join(append(parts, surname[r.IntN(len(surname))]), " ")
	}
	return strings.Join(append(parts, syllables(r)), " ")
}

// Misspell makes one typing mistake in a name: a letter left out, doubled or
// swapped with its neighbour. Names of fewer than four bytes, and of short
// words alone, stay as they are.
func Misspell(seed uint64, name string) string {
	r := rand.New(rand.NewPCG(seed, 0x7479706f))
	c := []rune(name)
	if len(c) < 4 {
		return name
	}
	i := 1 + r.IntN(len(c)-3)
	for tries := 0; c[i] == ' ' || c[i+1] == ' '; tries++ {
		if tries == 20 { // "Ba Sy": no two letters stand where a mistake may be
			return name
		}
		i = 1 + r.IntN(len(c)-3)
	}
	switch r.IntN(3) {
	case 0:
		return string(c[:i]) + string(c[i+1:])
	case 1:
		return string(c[:i+1]) + string(c[i:])
	}
	c[i], c[i+1] = c[i+1], c[i]
	return string(c)
}

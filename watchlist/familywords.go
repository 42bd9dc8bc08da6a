package watchlist

import "fmt"

// FamilyImpact is what a change to the table does to the entries that can be found
// by name on one node. An entry can be counted in more than one of its figures.
type FamilyImpact struct {
	// Spellings are the spellings concerned, and on how many entries each is.
	Spellings []SpellingBearers
	// Bearers counts the entries with any of them.
	Bearers int
	// Linked counts the entries with a word that a search by one of the spellings now
	// takes for the same name, and took for another name before. Nearer counts those
	// whose word was already taken for alike, and now scores higher; Parted those
	// whose word scores lower from now on, or is taken for another name.
	Linked, Nearer, Parted int
	// Entries counts the entries that can be found by name.
	Entries int
}

// SpellingBearers says how many entries have a spelling in a name.
type SpellingBearers struct {
	Spelling string
	Entries  int
}

// Notice says the figures in words.
func (f *FamilyImpact) Notice() Advice {
	a := Advice{
		fmt.Sprintf("Fiches reliées à une orthographe qui ne les trouvait pas : %d sur %d.", f.Linked, f.Entries),
		fmt.Sprintf("Entries linked to a spelling that did not find them: %d of %d.", f.Linked, f.Entries),
		fmt.Sprintf("Registos ligados a uma grafia que não os encontrava: %d de %d.", f.Linked, f.Entries),
	}
	join := func(n int, fr, en, pt string) {
		if n > 0 {
			a.French += fmt.Sprintf(fr, n)
			a.English += fmt.Sprintf(en, n)
			a.Portuguese += fmt.Sprintf(pt, n)
		}
	}
	join(f.Nearer, " Rapprochées de ce qu'elles étaient : %d.", " Nearer than they were: %d.", " Mais próximos do que estavam: %d.")
	join(f.Parted, " Éloignées, car la table y voit désormais deux noms ou ne les relie plus : %d.", " Further apart, since the table now knows two names or links them no more: %d.", " Afastados, porque a tabela passa a ver dois nomes ou deixa de os ligar: %d.")
	return a
}

// FamilyDrift says how the table of spelling families now stands to that of an
// earlier raft index, by the number of changes accepted.
type FamilyDrift struct {
	AsOf, Now uint64
}

// Notice says it in words.
func (d FamilyDrift) Notice() Advice {
	if d.AsOf == d.Now {
		return Advice{
			"La table des familles d'orthographes est celle de l'époque.",
			"The table of spelling families is that of the time.",
			"A tabela das famílias de grafias é a da época.",
		}
	}
	return Advice{
		fmt.Sprintf("La table des familles d'orthographes a changé depuis (de %d à %d modifications acceptées) : une recherche par nom peut donner un autre résultat qu'à l'époque.", d.AsOf, d.Now),
		fmt.Sprintf("The table of spelling families has changed since (from %d to %d accepted changes): a search by name may give another result than at the time.", d.AsOf, d.Now),
		fmt.Sprintf("A tabela das famílias de grafias mudou desde então (de %d para %d alterações aceites): uma procura por nome pode dar outro resultado do que na época.", d.AsOf, d.Now),
	}
}

// familyAdvice says what to do about a refused change. It is only read.
var familyAdvice = map[string]Advice{
	"people_only": {
		"Une modification des familles d'orthographes est proposée et décidée par des personnes : connectez-vous avec votre compte.",
		"A change to the spelling families is proposed and decided by people: sign in with your account.",
		"Uma alteração das famílias de grafias é proposta e decidida por pessoas: entre com a sua conta.",
	},
	"same_person": {
		"Un autre administrateur doit accepter cette proposition. Vous pouvez la refuser, ce qui la retire.",
		"Another administrator must accept this proposal. You may refuse it, which takes it back.",
		"Outro administrador tem de aceitar esta proposta. Pode recusá-la, o que a retira.",
	},
	"family_conflict": {
		"Une orthographe appartient déjà à une autre famille : retirez-la, complétez cette famille, ou confirmez qu'elle appartient aux deux.",
		"A spelling already belongs to another family: leave it out, extend that family, or confirm that it belongs to both.",
		"Uma grafia já pertence a outra família: retire-a, complete essa família, ou confirme que pertence às duas.",
	},
	"families_conflict": {
		"La table a changé entre-temps : regardez de nouveau l'effet, puis décidez.",
		"The table has changed meanwhile: look at the effect again, then decide.",
		"A tabela mudou entretanto: veja de novo o efeito e depois decida.",
	},
}

// FamilyAdvice says what to do about a refused change to the table of spelling
// families, by the code of the refusal; false when there is nothing to say.
func FamilyAdvice(code string) (Advice, bool) {
	a, ok := familyAdvice[code]
	return a, ok
}

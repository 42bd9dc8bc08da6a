package watchlist

import (
	"errors"
	"testing"
)

func validEntry() *Entry {
	return &Entry{
		ID:     NewEntryID("SEN", "0192f0c1-3333-7abc-8def-0123456789ab"),
		Origin: Origin{Country: "SEN", Authority: "Direction nationale"}, Category: CategorySmuggler, Action: ActionLocate, Status: StatusActive,
		Names:      []Name{{Kind: NamePrimary, Full: "Mamadou DIALLO", Surname: "DIALLO", Given: "Mamadou"}},
		LegalBasis: "warrant 12/2026", Offence: "smuggling of migrants", CaseReference: "DKR-1",
		Issued: 1, ReviewBy: 2, ExpiresAt: 3,
	}
}

// TestInvisibleCharactersInNames: an entry whose name is shown as another one is
// refused; a probe with such a name is not, since comparing folds it.
func TestInvisibleCharactersInNames(t *testing.T) {
	if err := validEntry().Validate(); err != nil {
		t.Fatal(err)
	}
	var bad []rune
	for r := rune(0x202A); r <= 0x202E; r++ {
		bad = append(bad, r)
	}
	for r := rune(0x2066); r <= 0x2069; r++ {
		bad = append(bad, r)
	}
	for _, r := range append(bad, 0x200B, 0x2060, 0xFEFF) {
		spoilt := "Mam" + string(r) + "adou"
		for field, set := range map[string]func(*Name){
			"full":    func(n *Name) { n.Full = spoilt },
			"surname": func(n *Name) { n.Surname = spoilt },
			"given":   func(n *Name) { n.Given = string(r) },
		} {
			e := validEntry()
			set(&e.Names[0])
			var got ValidationError
			if !errors.As(e.Validate(), &got) || len(got) != 1 || got[0].Pointer != "/names/0/"+field || got[0].Code != "control_character" {
				t.Errorf("%U in %s: %v", r, field, got)
			}
		}
		var errs ValidationError
		if CheckName(Name{Kind: NamePrimary, Full: spoilt}, "/names/0", &errs); len(errs) > 0 {
			t.Errorf("%U in a probe: %v", r, errs)
		}
	}
	for _, good := range []string{"\u0645\u0627\u0645\u0627\u062f\u0648 \u062f\u064a\u0627\u0644\u0648", "\u06a9\u200c\u06a9", "\u06a9\u200d\u06a9", "\u200fعمر\u200e", "Labé N’Diaye", "\u07e1\u07ca\u07e1\u07ca"} {
		e := validEntry()
		e.Names[0].Full = good
		if err := e.Validate(); err != nil {
			t.Errorf("%+q: %v", good, err)
		}
	}
}

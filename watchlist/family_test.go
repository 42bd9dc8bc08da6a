package watchlist

import (
	"slices"
	"strings"
	"testing"
)

func TestFamilyChangeValidate(t *testing.T) {
	good := func(change func(*FamilyChange)) FamilyChange {
		c := FamilyChange{
			Kind: FamilyAdd, Part: FamilySurname, Spellings: []string{"Sagna", "Sanha"},
			Source: "civil register of Ziguinchor", Justification: "one family on both sides of the border",
		}
		if change != nil {
			change(&c)
		}
		return c
	}
	withdrawal := FamilyChange{Kind: FamilyWithdraw, Change: 3, Source: "letter of the partner", Justification: "two families after all"}
	for name, c := range map[string]FamilyChange{
		"add": good(nil), "withdraw": withdrawal,
		"extend":          good(func(c *FamilyChange) { c.Kind, c.Family, c.Spellings = FamilyExtend, "Diallo", []string{"Djalo"} }),
		"extend a change": good(func(c *FamilyChange) { c.Kind, c.Change = FamilyExtend, 4 }),
	} {
		if errs := c.Validate(); len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
		}
	}
	many := make([]string, MaxFamilySpellings+1)
	for i := range many {
		many[i] = "A" + strings.Repeat("b", i)
	}
	for name, c := range map[string]struct {
		change  FamilyChange
		pointer string
	}{
		"kind":        {good(func(c *FamilyChange) { c.Kind = "merge" }), "/kind"},
		"part":        {good(func(c *FamilyChange) { c.Part = "city" }), "/part"},
		"one":         {good(func(c *FamilyChange) { c.Spellings = c.Spellings[:1] }), "/spellings"},
		"many":        {good(func(c *FamilyChange) { c.Spellings = many }), "/spellings"},
		"twice":       {good(func(c *FamilyChange) { c.Spellings = []string{"Sagna", "Sagna"} }), "/spellings/1"},
		"long":        {good(func(c *FamilyChange) { c.Spellings[1] = strings.Repeat("é", MaxSpelling+1) }), "/spellings/1"},
		"empty":       {good(func(c *FamilyChange) { c.Spellings[0] = "" }), "/spellings/0"},
		"comma":       {good(func(c *FamilyChange) { c.Spellings[0] = "a,b" }), "/spellings/0"},
		"padded":      {good(func(c *FamilyChange) { c.Spellings[0] = " Sagna" }), "/spellings/0"},
		"override":    {good(func(c *FamilyChange) { c.Spellings[0] = "Sag\u202ena" }), "/spellings/0"},
		"UTF-8":       {good(func(c *FamilyChange) { c.Spellings[0] = "Sag\xff" }), "/spellings/0"},
		"frequency":   {good(func(c *FamilyChange) { c.PerMillion = MaxFamilyFrequency + 1 }), "/per_million"},
		"source":      {good(func(c *FamilyChange) { c.Source = "me" }), "/source"},
		"reason":      {good(func(c *FamilyChange) { c.Justification = strings.Repeat("x", MaxFamilyReason+1) }), "/justification"},
		"joins":       {good(func(c *FamilyChange) { c.Family = "Diallo" }), "/family"},
		"joins none":  {good(func(c *FamilyChange) { c.Kind = FamilyExtend }), "/family"},
		"joins two":   {good(func(c *FamilyChange) { c.Kind, c.Family, c.Change = FamilyExtend, "Diallo", 1 }), "/family"},
		"its own":     {good(func(c *FamilyChange) { c.Kind, c.Family, c.PerMillion = FamilyExtend, "Diallo", 5 }), "/per_million"},
		"nothing":     {FamilyChange{Kind: FamilyWithdraw, Source: withdrawal.Source, Justification: withdrawal.Justification}, "/change"},
		"more than a": {good(func(c *FamilyChange) { c.Kind, c.Change = FamilyWithdraw, 2 }), "/kind"},
	} {
		errs := c.change.Validate()
		if !slices.ContainsFunc(errs, func(e FieldError) bool { return e.Pointer == c.pointer }) {
			t.Errorf("%s: %v, want one at %s", name, errs, c.pointer)
		}
	}
	if len(CheckFamilyReason("ok")) == 0 || len(CheckFamilyReason("seen in both registers")) != 0 {
		t.Error("reasons are not checked")
	}
}

func TestFamilyVersionAsOf(t *testing.T) {
	list := []FamilyChange{
		{Number: 1, Status: FamilyAccepted, Version: 2, ReviewedIndex: 90},
		{Number: 2, Status: FamilyRefused, ReviewedIndex: 40},
		{Number: 3, Status: FamilyAccepted, Version: 1, ReviewedIndex: 50},
	}
	for index, want := range map[uint64]uint64{10: 0, 49: 0, 50: 1, 89: 1, 90: 2, 1000: 2} {
		if got := FamilyVersionAsOf(list, index); got != want {
			t.Errorf("version %d as of %d, want %d", got, index, want)
		}
	}
	if FamilyVersion(list) != 2 || FamilyVersion(nil) != 0 {
		t.Error("version now")
	}
}

func TestFamilyNotice(t *testing.T) {
	a := (&FamilyImpact{Entries: 100, Linked: 7, Nearer: 2}).Notice()
	for text, want := range map[string]string{a.French: "7 sur 100", a.English: "Nearer than they were: 2", a.Portuguese: "7 de 100"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
	if strings.Contains(a.English, "apart") {
		t.Errorf("%q", a.English)
	}
}

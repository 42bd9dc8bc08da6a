package watchlist

// PopulationState says what became of the replay of an entry against the held
// population.
type PopulationState string

// The states of a replay.
const (
	// PopulationNone: the node holds no population.
	PopulationNone PopulationState = "none"
	// PopulationUnreadable: it is configured to hold one, and the file can't be
	// used.
	PopulationUnreadable PopulationState = "unreadable"
	// PopulationOtherModel: the population's templates are another model's.
	PopulationOtherModel PopulationState = "other_model"
	// PopulationNoFace: the entry has no face that can be compared.
	PopulationNoFace PopulationState = "no_face"
	// PopulationReplayed: the counts are measured.
	PopulationReplayed PopulationState = "replayed"
)

// Population says which people a node holds to replay entries against: persons who
// agreed to it, as templates with the name of a group and nothing else.
type Population struct {
	// State is "" for a population that can be used.
	State PopulationState
	// Digest is the SHA-256 of the content, in hex; it names the population.
	Digest string
	// CreatedAt is when it was made, Unix milliseconds.
	CreatedAt int64
	// Model is the encoder and recipe of the templates.
	Model string
	// Basis says by which right these people are held, as who made it wrote it.
	Basis string
	// Groups are sorted by name.
	Groups []PopulationGroup
}

// PopulationGroup is a part of a population.
type PopulationGroup struct {
	Name            string
	Persons, Photos int
}

// GroupImpact is what a group's persons say about an entry.
type GroupImpact struct {
	PopulationGroup
	// Shown counts the persons of whom a photo reaches the threshold of the entry;
	// a person counts once.
	Shown int
	// MayBe counts those of Shown who may be the listed person: the face evidence
	// is as strong as the calibration can say.
	MayBe int
	// Rate is Shown over Persons; Low and High are its 95 % interval.
	Rate, Low, High float64
}

// PopulationImpact is what replaying an entry against the population found.
type PopulationImpact struct {
	Population
	// Groups and All are filled when State is PopulationReplayed.
	Groups []GroupImpact
	// All are the groups together, each person counting the same: the mix of the
	// population, not of the travellers.
	All GroupImpact
}

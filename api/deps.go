package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigie/api/auth"
	"vigie/watchlist"
	"vigie/watchlist/command"
	"vigie/watchlist/names"
)

// Writer replicates commands.
type Writer interface {
	// Propose sends a command through the leader and returns what applying it
	// gave, once it is on a quorum's disks. Errors: watchlist.ErrNoLeader,
	// ErrTooLarge, ErrOutcomeUnknown, ErrOverloaded, ErrDiskFull. Safe for
	// concurrent use.
	Propose(ctx context.Context, e command.Envelope) (command.Result, error)
}

// EntryReader reads this node's copy of the registry. Entries are shared: they
// are not changed.
type EntryReader interface {
	// Entry returns watchlist.ErrNotFound for an unknown id.
	Entry(id watchlist.EntryID) (*watchlist.Entry, error)
	// Entries returns at most limit entries after the given id, in the order of
	// ids, that keep accepts (nil: all), and the id to go on after, "" at the
	// end.
	Entries(after watchlist.EntryID, limit int, keep func(*watchlist.Entry) bool) ([]*watchlist.Entry, watchlist.EntryID, error)
}

// ReportReader reads this node's copy of the reported documents. Reports are
// shared: they are not changed.
type ReportReader interface {
	// Report returns watchlist.ErrNotFound for an unknown id.
	Report(id watchlist.ReportID) (*watchlist.ReportedDocument, error)
	// Reports lists as EntryReader.Entries does.
	Reports(after watchlist.ReportID, limit int, keep func(*watchlist.ReportedDocument) bool) ([]*watchlist.ReportedDocument, watchlist.ReportID, error)
}

// AccountLister lists this node's copy of the accounts.
type AccountLister interface {
	Users() ([]watchlist.User, error)
	APIKeys() ([]watchlist.APIKey, error)
}

// Matcher turns a probe into a lead. Errors: watchlist.ValidationError with
// pointers into the request, *watchlist.FaceError, watchlist.ErrOverloaded.
type Matcher interface {
	Match(ctx context.Context, p watchlist.Probe) (*watchlist.Lead, error)
	// Replay searches an earlier list again. It also fails with a
	// *watchlist.HistoryError.
	Replay(ctx context.Context, q watchlist.ReplayQuery) (*watchlist.Replay, error)
	// Impact says what an entry does to the list. It also fails with
	// watchlist.ErrNotFound.
	Impact(ctx context.Context, q watchlist.ImpactQuery) (*watchlist.Impact, error)
}

// Enroller makes a face sample out of a photo for enrolment, and gives the
// photo to keep (JPEG, upright, without metadata). It also judges photos without
// making anything of them. Errors are *watchlist.FaceError.
type Enroller interface {
	Enrol(ctx context.Context, p watchlist.Photo) (watchlist.FaceSample, []byte, error)
	// Judge says whether Enrol, or Extract for a probe, would take the photo. The
	// sample has no template; it holds what was measured also when the photo is
	// refused.
	Judge(ctx context.Context, p watchlist.Photo, reference bool) (watchlist.FaceSample, error)
	// Model names the templates that this node makes, and takes in place of photos.
	Model() string
}

// FaceComparer holds an entry's faces against each other. It is safe for
// concurrent use.
type FaceComparer interface {
	// Apart lists the places of faces that look like none of the others.
	Apart(faces []watchlist.Face) []int
}

// Blobs keeps photos by hash.
type Blobs interface {
	// Put returns once a majority has the photo, or the calibration file. It
	// fails with watchlist.ErrNotReplicated when too few nodes can be reached.
	Put(ctx context.Context, photo []byte) (watchlist.BlobID, error)
	// Get reads it here or from a peer; watchlist.ErrNotFound when nobody has
	// it.
	Get(ctx context.Context, id watchlist.BlobID) ([]byte, error)
}

// Auditor makes an event durable before it returns its number.
type Auditor interface {
	Append(ctx context.Context, e watchlist.AuditEvent) (uint64, error)
}

// AuditReader reads at most limit events of this node from number from on
// (counted from 1).
type AuditReader interface {
	Read(from uint64, limit int) ([]watchlist.AuditEvent, error)
}

// Consistency tells how fresh this node is.
type Consistency interface {
	// WaitIndex returns once the node has applied the index.
	WaitIndex(ctx context.Context, index uint64) error
	// Linearizable returns once the node has applied all that was committed
	// when it was called; watchlist.ErrNoLeader when it can't know.
	Linearizable(ctx context.Context) error
	// Stamp is cheap and never blocks.
	Stamp() watchlist.ListStamp
}

// NameSearcher finds entries by name.
type NameSearcher interface {
	Search(ctx context.Context, q watchlist.NameQuery) ([]watchlist.NameMatch, error)
}

// TextSearcher finds entries of any status by what is written in them. Both methods
// fail with watchlist.ErrTextBuilding while the index can't answer.
type TextSearcher interface {
	// Wait returns once searches include a raft index.
	Wait(ctx context.Context, index uint64) error
	// Search also fails with a watchlist.FieldError with the pointer /text.
	Search(ctx context.Context, q watchlist.TextQuery) (watchlist.TextResult, error)
}

// NameFamilies is this node's copy of the changes to the table of spelling families,
// and what its name index makes of them.
type NameFamilies interface {
	// FamilyChanges lists them in the order of their numbers.
	FamilyChanges() ([]watchlist.FamilyChange, error)
	// Table is the table that searches go by now.
	Table() *names.Table
	// Preview says what the change of one table into another does to the entries that
	// can be found, seen by the spellings concerned.
	Preview(ctx context.Context, now, then *names.Table, spellings []string) (watchlist.FamilyImpact, error)
}

// ClusterInfo tells about the cluster from this node's own knowledge; it never
// blocks on the network.
type ClusterInfo interface {
	Status() ClusterStatus
	// Origin is the owner of the entries written here.
	Origin() (watchlist.Origin, error)
}

// Calibrations tells which calibration faces are compared by. Its methods read
// memory and never wait for another node.
type Calibrations interface {
	Status() CalibrationStatus
	// Inspect reads a calibration file. What is wrong with it is a
	// watchlist.ValidationError with pointers to "/file".
	Inspect(file []byte) (CalibrationReport, error)
	// Shipped is the file of this node's release.
	Shipped() (file []byte, report CalibrationReport)
}

// CalibrationStatus is how a node stands to the calibration in force.
type CalibrationStatus struct {
	// InForce is the version in force, Used what the node compares with, Shipped
	// what its release brought.
	InForce, Used, Shipped string
	// State is "current", "changing", "no_file", "unusable_file", "other_model" or
	// "failed".
	State string
	// Projected of ToProject templates are done while State is "changing".
	Projected, ToProject int64
	// Templates counts the rows of the gallery.
	Templates int
	// Report is that of Used.
	Report CalibrationReport
	// History holds the decisions in line with InForce (watchlist.DecisionsFor), All
	// those on any templates, oldest first.
	History, All []watchlist.CalibrationDecision
	// Second is how the node stands to the calibration of both encoders, nil without a
	// second one; Shipped is then what the node's configuration names.
	Second *CalibrationStatus
}

// about gives the status of the calibration that one for templates of a model would
// take the place of.
func (st CalibrationStatus) about(model string) CalibrationStatus {
	if st.Second != nil && st.Second.Report.Model == model {
		return *st.Second
	}
	return st
}

// CalibrationReport is a calibration at the present size of the list.
type CalibrationReport struct {
	Version, Model string
	Point          watchlist.OperatingPoint
	Groups         []CalibrationGroup
	Folds          []CalibrationFold
}

// CalibrationGroup counts a group of the cohort; Weight is its share of 1.
type CalibrationGroup struct {
	Name                                       string
	Weight                                     float64
	Persons, Photos, MatedPairs, ImpostorPairs int
}

// CalibrationFold is the person-disjoint test of a group; rates are shares of 1.
type CalibrationFold struct {
	Fold, Group                             string
	Persons, MatedPairs, ImpostorPairs      int
	FNMR1e3, FNMR1e4, SharedFMR, SharedFNMR float64
}

// ClusterAdmin changes the membership.
type ClusterAdmin interface {
	NewToken(ctx context.Context, role watchlist.NodeRole, ttl time.Duration) (string, error)
	Remove(ctx context.Context, id watchlist.NodeID) error
	TransferLeadership(ctx context.Context) error
}

// ClusterStatus is the cluster as one node sees it.
type ClusterStatus struct {
	Node watchlist.Member
	// State is "leader", "follower", "candidate" or "stopped".
	State string
	// Leader is "" when there is none.
	Leader                   watchlist.NodeID
	Term, Committed, Applied uint64
	Members                  []MemberStatus
	// Divergence says which states of nodes differ and what to do, "" for none.
	Divergence string
	// Gallery is the face index of the node that is asked.
	Gallery GalleryStatus
	// Second is its second encoder, nil without one.
	Second *SecondEncoder
	// Text is its text index.
	Text TextStatus
	// Disk is the disk of the node that is asked.
	Disk DiskStatus
	// Replication is how replication does on it.
	Replication Replication
	// Version is the program's version.
	Version string
}

// SecondEncoder is a node's second face encoder.
type SecondEncoder struct {
	// Recipe is the id of its recipe, Model names its templates; Licence and Use are
	// the recipe's.
	Recipe, Model, Licence, Use string
	// Calibration is what its scores are worth, Cohort on whom that was measured;
	// InForce is the version in force.
	Calibration, InForce, Cohort string
	// Gallery holds the templates of both encoders.
	Gallery GalleryStatus
}

// GalleryStatus is the state of a node's face index.
type GalleryStatus struct {
	// Kernel names the search kernel in use, Model the encoder whose templates
	// are compared.
	Kernel, Model string
	// Templates counts those that can be found, Rows all in memory, those of the
	// history among them, Skipped those of active entries that can't be found,
	// Segments the parts that a search reads.
	Templates, Rows, Skipped, Segments int
	// HotBytes is the memory that a search reads besides the templates.
	HotBytes int64
	// Oldest to Applied are the raft indexes that a replay can ask for.
	Oldest, Applied uint64
	// Files is nil when nothing is kept on disk.
	Files *GalleryFiles
}

// TextStatus is the state of a node's text index.
type TextStatus struct {
	// Ready tells that searches are answered, Building that all entries are being
	// read: Done of Total.
	Ready, Building bool
	Done, Total     int
	// Entries can be found, as of raft index Applied, which is Lag behind the list.
	Entries      int
	Applied, Lag uint64
	// Failures counts how often it was built anew because something failed.
	Failures uint64
}

// GalleryFiles tells of the files of a face index.
type GalleryFiles struct {
	// Index is the raft index that they are as of, 0 before the first ones are
	// whole.
	Index uint64
	// Saves and Failures count writes since the start, Bytes what was written.
	Saves, Failures, Bytes uint64
}

// MemberStatus is one node and, where this node can know it, how far behind it
// is.
type MemberStatus struct {
	watchlist.Member
	// Voting tells that the node counts for the quorum now.
	Voting bool
	// Known tells that Reachable, Lag and LastContact mean something.
	Known     bool
	Reachable bool
	// Lag counts log entries behind the leader.
	Lag         uint64
	LastContact time.Duration
	// ListAge is the age of its list when it last answered, and how long it has been
	// silent since; below 0 for never heard.
	ListAge time.Duration
	// Calibration is what the node compares with, "" when it did not say.
	Calibration string
	// Diverged: its state differs from that of the node asked at the same raft
	// index; of the node asked, from the majority's.
	Diverged bool
	// Disk is the state of its disk, "" when it did not say.
	Disk string
}

// DiskStatus is the disk under a node's data folder.
type DiskStatus struct {
	// State is "healthy", "slow", "full", "failing", "hung" or "corrupt"; Problem
	// says what is wrong, "" for nothing.
	State, Problem string
	Since          time.Time
	// Free, Size and Reserve are bytes.
	Free, Size, Reserve int64
	// Sync is the slowest of the last syncs.
	Sync   time.Duration
	Errors uint64
}

// Replication is how replication does on a node, counted since it started.
type Replication struct {
	// Elections counts the candidacies of the node, Won those that it won,
	// LeaderChanges the leaders that it came to know. LeaderSince is zero while it
	// knows none; Leaderless is how long that was, in all.
	Elections, Won, LeaderChanges uint64
	LeaderSince                   time.Time
	Leaderless                    time.Duration
	// Commits counts writes as the leader, Applied log entries, Lag those committed
	// and not applied yet. The quantiles are of the last writes and batches.
	Commits, Applied, Lag                    uint64
	CommitP50, CommitP99, ApplyP50, ApplyP99 time.Duration
	// Snapshots were written, SnapshotFailures not, SnapshotsReceived came from
	// others. The other four tell of the last one written; SnapshotAt is zero for
	// none.
	Snapshots, SnapshotFailures, SnapshotsReceived uint64
	SnapshotIndex                                  uint64
	SnapshotAt                                     time.Time
	SnapshotTook                                   time.Duration
	SnapshotBytes                                  int64
	// BlobsWanted is how many photos and files are still to be fetched.
	BlobsWanted                     int
	BlobsFetched, BlobFetchFailures uint64
}

// Deps is what the API needs of the rest of the node. All are required and must
// be safe for concurrent use.
type Deps struct {
	Writer       Writer
	Entries      EntryReader
	Reports      ReportReader
	Accounts     auth.Accounts
	AccountList  AccountLister
	Matcher      Matcher
	Enroller     Enroller
	Faces        FaceComparer
	Blobs        Blobs
	Auditor      Auditor
	AuditReader  AuditReader
	Consistency  Consistency
	Names        NameSearcher
	Texts        TextSearcher
	Cluster      ClusterInfo
	ClusterAdmin ClusterAdmin
	Calibrations Calibrations
	Families     NameFamilies
}

func (d *Deps) check() error {
	missing := func(name string) error { return fmt.Errorf("dependency %s is missing", name) }
	var errs []error
	for _, c := range []struct {
		name string
		nil  bool
	}{
		{"Writer", d.Writer == nil},
		{"Entries", d.Entries == nil},
		{"Reports", d.Reports == nil},
		{"Accounts", d.Accounts == nil},
		{"AccountList", d.AccountList == nil},
		{"Matcher", d.Matcher == nil},
		{"Enroller", d.Enroller == nil},
		{"Faces", d.Faces == nil},
		{"Blobs", d.Blobs == nil},
		{"Auditor", d.Auditor == nil},
		{"AuditReader", d.AuditReader == nil},
		{"Consistency", d.Consistency == nil},
		{"Names", d.Names == nil},
		{"Texts", d.Texts == nil},
		{"Cluster", d.Cluster == nil},
		{"ClusterAdmin", d.ClusterAdmin == nil},
		{"Calibrations", d.Calibrations == nil},
		{"Families", d.Families == nil},
	} {
		if c.nil {
			errs = append(errs, missing(c.name))
		}
	}
	return errors.Join(errs...)
}

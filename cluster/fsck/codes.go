package fsck

import (
	"maps"
	"slices"
)

// Code names a kind of finding; programs may rely on it.
type Code string

// The codes; Explain tells their meaning.
const (
	KeyUnreadable   Code = "key-unreadable"
	KeyRights       Code = "key-rights"
	FolderRights    Code = "folder-rights"
	ConfigRights    Code = "config-rights"
	IdentityDamaged Code = "identity-damaged"
	IdentityForeign Code = "identity-foreign"
	Leftover        Code = "leftover"
	StrangeFile     Code = "strange-file"

	LogMeta     Code = "log-meta"
	LogSegment  Code = "log-segment"
	LogGap      Code = "log-gap"
	LogEntry    Code = "log-entry"
	LogCommand  Code = "log-command"
	LogNewer    Code = "log-newer"
	LogShort    Code = "log-short"
	LogTorn     Code = "log-torn"
	VoteDamaged Code = "vote-damaged"

	SnapshotDamaged Code = "snapshot-damaged"
	SnapshotNewer   Code = "snapshot-newer"
	SnapshotMissing Code = "snapshot-missing"

	RegistryPages   Code = "registry-pages"
	RegistryMeta    Code = "registry-meta"
	RegistryDamaged Code = "registry-damaged"
	RegistryMissing Code = "registry-missing"
	RegistryNewer   Code = "registry-newer"
	RegistryValue   Code = "registry-value"
	RegistryRecord  Code = "registry-record"
	RegistryHash    Code = "registry-hash"
	RegistryNotes   Code = "registry-notes"
	RegistryHistory Code = "registry-history"
	RegistryReplay  Code = "registry-replay"
	ReplaySkipped   Code = "replay-skipped"

	BlobDamaged Code = "blob-damaged"
	BlobMissing Code = "blob-missing"
	BlobAbsent  Code = "blob-absent"
	BlobOrphan  Code = "blob-orphan"

	AuditDamaged Code = "audit-damaged"
	AuditMissing Code = "audit-missing"
	AuditHead    Code = "audit-head"
	AuditTorn    Code = "audit-torn"

	GalleryDamaged Code = "gallery-damaged"
	GalleryDiffers Code = "gallery-differs"
	GalleryUnused  Code = "gallery-unused"
)

// kind is what there is to say about a code.
type kind struct {
	level       Level
	meaning, do string
}

const (
	doReplace  = "Keep a copy of the folder. If other voters are healthy: remove this node ('vigie node remove'), empty the folder and join again. Else restore a backup. Check the disk (smartctl, kernel log)."
	doNothing  = ""
	doSnapshot = "Move the damaged snapshot's folder away and start the node: it makes a new snapshot. A node that lacks the log before it can't catch up from here until then. Check the disk."
)

var catalogue = map[Code]kind{
	KeyUnreadable:   {Damage, "A key file is no Tink keyset, or not the one this folder was sealed with.", "Put the right key file back from where you keep a copy; without it the data can't be read."},
	KeyRights:       {Damage, "Others on this machine can read or change a key; the node refuses to start with it.", "chmod 600 on the file; if others had accounts here, treat the key as known to them."},
	FolderRights:    {Damage, "Others on this machine can enter the data folder.", "chmod 700 on it."},
	ConfigRights:    {Damage, "Others on this machine can change the configuration, which names keys and ports.", "chmod go-w on it."},
	IdentityDamaged: {Damage, "The node's identity (ids, certificate, key, authority) is damaged or not whole.", doReplace},
	IdentityForeign: {Damage, "The identity is not of the cluster or member that the registry knows: parts of two folders were mixed.", doReplace},
	Leftover:        {Note, "What a crash or an interrupted step left; the node removes it or takes it up at its next start.", doNothing},
	StrangeFile:     {Note, "A file that vigie does not make.", "Look at what it is; nothing reads it."},

	LogMeta:     {Damage, "The list of log files (wal-meta.db) is damaged.", doReplace},
	LogSegment:  {Damage, "A file of the raft log is missing or damaged. The node may start all the same, without the entries behind the damage, and it may have acknowledged those.", doReplace},
	LogGap:      {Damage, "Raft indexes are missing between two log files, or between snapshot and log.", doReplace},
	LogEntry:    {Damage, "A log entry has a sound checksum and a content that can't be: wrong index, falling term, or no raft entry.", doReplace},
	LogCommand:  {Damage, "A command in the log does not open or decode: the node would stop at it.", doReplace},
	LogNewer:    {Damage, "The log holds a command of a newer release: this one would stop at it.", "Run the release that wrote it; check the folder with that release."},
	LogShort:    {Damage, "The log and the snapshots end before what the node has acknowledged or the registry has applied: entries are gone from the log. The node refuses to start, since it would vote without them.", doReplace},
	LogTorn:     {Note, "Bytes behind the last whole batch of the log: a write that was cut by a crash before it was acknowledged.", doNothing},
	VoteDamaged: {Damage, "The node's term or vote is damaged or lies behind its log: it could vote twice in one term.", doReplace},

	SnapshotDamaged: {Damage, "A snapshot does not read back to the state that it was taken of.", doSnapshot},
	SnapshotNewer:   {Damage, "A snapshot was written by a newer release.", "Run that release, and check the folder with it."},
	SnapshotMissing: {Damage, "The log begins late and no snapshot holds what comes before: a new node can't be brought up from here.", "Start the node; once it has made a snapshot ('vigie status'), check again."},

	RegistryPages:   {Damage, "The registry's pages don't make a whole tree (flipped bits, a cut file, a lost write).", doReplace},
	RegistryMeta:    {Note, "One of the two head pages of a database file is not sound. A power cut leaves this, and the other one counts; a flipped bit looks the same.", "Check the disk if the machine had no power cut."},
	RegistryDamaged: {Damage, "The registry does not open.", doReplace},
	RegistryMissing: {Damage, "There is no registry; the node would start with an empty one and take everything from log or leader.", "If other voters are healthy, start the node. Else restore a backup."},
	RegistryNewer:   {Damage, "The registry was written by a newer release.", "Run that release, and check the folder with it."},
	RegistryValue:   {Damage, "A sealed value does not open: its bytes changed, it was moved, or it has another key.", doReplace},
	RegistryRecord:  {Damage, "A value opens and is not the record that belongs there.", doReplace},
	RegistryHash:    {Damage, "The records don't add up to the stored state hash or counts: records were lost, added or changed.", doReplace},
	RegistryNotes:   {Note, "The notes of what was written when are damaged; derived indexes are rebuilt at the next start, which takes longer.", doNothing},
	RegistryHistory: {Damage, "The registry's last command is of another term than the log's at that index: two histories.", doReplace},
	RegistryReplay:  {Damage, "Snapshot and log, applied anew, give another state than the registry has at the same index.", "Keep a copy of the folder and report it: this is damage that all checksums miss, or a fault of the program. " + doReplace},
	ReplaySkipped:   {Note, "The state could not be computed anew from snapshot and log; the registry was checked by itself alone.", doNothing},

	BlobDamaged: {Damage, "A photo or calibration file is damaged. A running node fetches it from another one when it is asked for.", "If the node is alone, restore the file from a backup. Check the disk."},
	BlobMissing: {Damage, "A file that the registry refers to is not here, and there is no other node to fetch it from.", "Restore it from a backup of blobs/, or enrol the photo again."},
	BlobAbsent:  {Note, "Files that the registry refers to are not here yet; the node fetches them from other members.", doNothing},
	BlobOrphan:  {Note, "Files that nothing refers to any more. Photos are stored before their entry is, and are not deleted.", doNothing},

	AuditDamaged: {Damage, "The audit chain is broken: events were changed, dropped, repeated or moved, or the disk damaged them.", "Keep the folder as it is: it is evidence. Other members hold the last count and hash of this node's log ('vigie status')."},
	AuditMissing: {Damage, "There is no audit log though the node has served.", "Keep the folder as it is, and find out who removed it."},
	AuditHead:    {Note, "One of the two slots of the audit head is not sound. A power cut leaves this; the other one counts.", doNothing},
	AuditTorn:    {Note, "Bytes behind the last event: an event that was never acknowledged.", doNothing},

	GalleryDamaged: {Damage, "A file of the face gallery is damaged. It is a cache: the node builds it anew from the registry.", "Nothing for the list; but a disk that changes bytes here changes them elsewhere: check the disk."},
	GalleryDiffers: {Damage, "The face gallery's files hold other entries than the registry at the same index.", "Delete the gallery folder (it is built anew) and report it."},
	GalleryUnused:  {Note, "Files of the face gallery that the next start does not take over; it builds them anew.", doNothing},
}

// Codes lists all codes, sorted.
func Codes() []Code { return slices.Sorted(maps.Keys(catalogue)) }

// Explain tells what a code means and what to do about it.
func Explain(c Code) (level Level, meaning, do string) {
	k := catalogue[c]
	return k.level, k.meaning, k.do
}

package fsm_test

import (
	"testing"
	"time"

	"vigie/watchlist/command"

	"github.com/hashicorp/raft"
)

// BenchmarkApplyBatch64 applies new entries with a 512-byte template, 64 to a
// transaction, with fsync.
func BenchmarkApplyBatch64(b *testing.B) {
	key := newKey(b)
	n := newNode(b, b.TempDir(), key)
	defer n.close()
	j := newJournal(b, key)
	n.apply(j.add(setupBody()))
	logs := make([]*raft.Log, 0, b.N)
	for i := range b.N {
		logs = append(logs, j.add(create(i)))
	}
	b.ResetTimer()
	for i := 0; i < len(logs); i += 64 {
		n.fsm.ApplyBatch(logs[i:min(i+64, len(logs))])
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	if n.reg.Count() != b.N {
		b.Fatalf("%d entries, want %d", n.reg.Count(), b.N)
	}
}

// BenchmarkImport applies imports of 24 entries to a command, 16 commands to a
// transaction.
func BenchmarkImport(b *testing.B) {
	const perCommand, perBatch = 24, 16
	key := newKey(b)
	n := newNode(b, b.TempDir(), key)
	defer n.close()
	j := newJournal(b, key)
	n.apply(j.add(setupBody()))
	var logs []*raft.Log
	for i := 0; i < b.N; i += perCommand {
		c := command.EntryBatch{Batch: "b1"}
		for k := i; k < min(i+perCommand, b.N); k++ {
			c.Items = append(c.Items, create(k))
		}
		logs = append(logs, j.add(c))
	}
	b.ResetTimer()
	for i := 0; i < len(logs); i += perBatch {
		n.fsm.ApplyBatch(logs[i:min(i+perBatch, len(logs))])
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkRestart opens a registry of 20,000 entries and rebuilds an index.
func BenchmarkRestart(b *testing.B) {
	const size = 20_000
	key := newKey(b)
	n := newNode(b, b.TempDir(), key)
	j := newJournal(b, key)
	n.apply(j.add(setupBody()))
	for i := 0; i < size; i += 64 {
		var logs []*raft.Log
		for k := i; k < min(i+64, size); k++ {
			logs = append(logs, j.add(create(k)))
		}
		n.fsm.ApplyBatch(logs)
	}
	b.ResetTimer()
	for range b.N {
		n.close()
		n.open()
	}
	b.StopTimer()
	b.ReportMetric(size*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	n.close()
}

// BenchmarkSnapshot takes and writes a snapshot of 20,000 entries.
func BenchmarkSnapshot(b *testing.B) {
	const size = 20_000
	key := newKey(b)
	n := newNode(b, b.TempDir(), key)
	defer n.close()
	j := newJournal(b, key)
	n.apply(j.add(setupBody()))
	for i := 0; i < size; i += 64 {
		var logs []*raft.Log
		for k := i; k < min(i+64, size); k++ {
			logs = append(logs, j.add(create(k)))
		}
		n.fsm.ApplyBatch(logs)
	}
	b.ResetTimer()
	var taking time.Duration
	for range b.N {
		begin := time.Now()
		snap, err := n.fsm.Snapshot()
		taking += time.Since(begin)
		if err != nil {
			b.Fatal(err)
		}
		snap.Release()
		b.SetBytes(int64(len(n.persist())))
	}
	b.ReportMetric(float64(taking.Microseconds())/float64(b.N), "us-to-take")
	b.ReportMetric(size*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

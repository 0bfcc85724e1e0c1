package audit_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"regexp"
	"slices"
	"testing"

	"lockstep/audit"
	"lockstep/guard/statement"
)

var update = flag.Bool("update", false, "write testdata anew")

var (
	fingerprints = regexp.MustCompile(`([0-9a-f]{4} ){7}[0-9a-f]{4}`)
	digests      = regexp.MustCompile(`[0-9a-f]{64}`)
)

// TestPlainWords holds what an auditor reads against testdata/day.txt, but for keys and digests, which are drawn anew.
func TestPlainWords(t *testing.T) {
	b := day(t)
	var text bytes.Buffer
	check(t, b.audit(audit.Query{}, b.file()).Write(&text))
	got := digests.ReplaceAll(fingerprints.ReplaceAll(text.Bytes(), []byte("FINGERPRINT")), []byte("SHA256"))
	if *update {
		check(t, os.WriteFile("testdata/day.txt", got, 0o600))
	}
	want, err := os.ReadFile("testdata/day.txt")
	check(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("it reads\n%s", got)
	}
}

// TestTheRealTimeIsBetweenTheBounds also of records that had no upper bound when they were written.
func TestTheRealTimeIsBetweenTheBounds(t *testing.T) {
	b := day(t)
	reckoned := 0
	for _, o := range b.audit(audit.Query{}, b.file()).Openings {
		moments := o.Pressed
		for _, m := range []*audit.Moment{o.Opened, o.Ended} {
			if m != nil {
				moments = append(moments, *m)
			}
		}
		for _, m := range moments {
			if m.Bounded > 0 {
				reckoned++
			}
			if real := b.walls[m.Record-1]; m.NotBefore.UnixMicro() > real || m.NotAfter.UnixMicro() < real {
				t.Errorf("record %d was written at %d, said is %s to %s", m.Record, real, m.NotBefore, m.NotAfter)
			}
		}
	}
	if reckoned == 0 {
		t.Error("no bound was reckoned back")
	}
}

// part is a run of bytes in a journal file and the records with which a change in it may be wrong.
type part struct {
	until       int
	first, last uint64
}

// parts takes a file apart by what it was written from.
func parts(t *testing.T, b *bench) (all []part) {
	at, number := 0, uint64(0)
	add := func(size int, first, last uint64) {
		at += size
		all = append(all, part{at, first, last})
	}
	for _, s := range b.stretches {
		first, last, size := number+1, number+uint64(len(s.Records)), len(statement.Encode(s))
		rest := statement.Encode(s)
		for _, r := range append(slices.Clone(s.Records), s.Head) {
			before := bytes.Index(rest, r)
			add(before, first, last)
			number = min(number+1, last)
			add(len(r), number, number)
			rest = rest[before+len(r):]
		}
		if len(rest) != 0 || all[len(all)-1].until != at || size == 0 {
			t.Fatal("a stretch holds something else")
		}
	}
	for _, envelope := range b.receipts {
		add(len(envelope), 0, math.MaxUint64) // whatever it says of a record is worth nothing
	}
	return all
}

// TestEveryChangedByteIsFound and named: in a record that record, in a head the record it stands over, between them one of the
// records of that upload. Of the first record, which is long, every seventh byte; all with LOCKSTEP_EVERY_BYTE set.
func TestEveryChangedByteIsFound(t *testing.T) {
	b := newBench(t)
	b.upload(true)
	b.expect(parcelOne)
	b.scan()
	b.deposit(parcelOne)
	b.upload(true)
	b.collect(parcelOne)
	b.upload(false)
	whole := b.file()
	if r := b.audit(audit.Query{}, whole); !r.Sound || len(r.Openings) != 2 {
		t.Fatalf("%+v", r.Findings)
	}
	all := parts(t, b)
	at, tried, exact, unusable := 0, 0, 0, 0
	for i := range whole {
		for all[at].until <= i {
			at++
		}
		if all[at].last == 1 && i%7 > 0 && os.Getenv("LOCKSTEP_EVERY_BYTE") == "" {
			continue
		}
		tried++
		changed := bytes.Clone(whole)
		changed[i] ^= 1 << (i % 8)
		r, err := b.tryAudit(audit.Query{}, changed)
		p := all[at]
		if err != nil { // the file ends for its reader in the first upload
			if unusable++; p.first != 1 || p.last == 1 {
				t.Errorf("byte %d, of record %d: %v", i, p.first, err)
			}
			continue
		}
		if r.Sound || len(r.Findings) == 0 || r.Findings[0].Record < p.first || r.Findings[0].Record > p.last {
			t.Errorf("byte %d, of records %d to %d: sound %v, %+v", i, p.first, p.last, r.Sound, r.Findings)
		}
		if p.first == p.last {
			exact++
		}
	}
	t.Logf("%d bytes changed, each found: %d in one record or its head, which was named; %d between records of one upload or in receipts; with %d nothing could be read",
		tried, exact, tried-exact-unusable, unusable)
}

// TestTheDocsKnowTheShape: docs/audit.md names every key of the JSON, every purpose and kind, and quotes what is printed.
func TestTheDocsKnowTheShape(t *testing.T) {
	docs, err := os.ReadFile("../docs/audit.md")
	check(t, err)
	b := day(t)
	encoded, err := json.Marshal([]audit.Report{b.audit(audit.Query{}, b.file()), b.audit(audit.Query{}, b.changed(9, func(r [][]byte, at int) [][]byte { return r[:at] }))})
	check(t, err)
	names := regexp.MustCompile(`"([a-z_]+)":`).FindAllSubmatch(encoded, -1)
	for _, purpose := range []audit.Purpose{audit.Deposit, audit.Return, audit.Collection, audit.Grace, audit.Withdrawal, audit.Reopening, audit.Override, audit.WalkTest, audit.WalkByKey, audit.Uncommanded, audit.Unexplained} {
		names = append(names, [][]byte{nil, []byte(purpose)})
	}
	for _, kind := range []audit.Wrong{audit.Unreadable, audit.Certificate, audit.Charter, audit.Head, audit.Altered, audit.Gap, audit.Order, audit.Fork, audit.Truncated, audit.Follows, audit.Door, audit.Receipt} {
		names = append(names, [][]byte{nil, []byte(kind)})
	}
	for _, name := range names {
		if !bytes.Contains(docs, slices.Concat([]byte("`"), name[1], []byte("`"))) {
			t.Errorf("docs/audit.md does not know %q", name[1])
		}
	}
	_, quoted, _ := bytes.Cut(docs, []byte("```\nCompartment 2"))
	quoted, _, _ = bytes.Cut(quoted, []byte("```"))
	printed, err := os.ReadFile("testdata/day.txt")
	check(t, err)
	if !bytes.Contains(printed, quoted) {
		t.Errorf("docs/audit.md quotes what is not printed: %s", quoted)
	}
}

// FuzzRead: whatever file is handed in, it is judged or refused.
func FuzzRead(f *testing.F) {
	b := newBench(f)
	b.upload(true)
	f.Add(b.file())
	f.Add(b.receipts[0])
	f.Add(sequence(b.stretches, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		if read, err := audit.Read("fuzz", data); err == nil {
			if r, err := audit.Audit(b.charters, []audit.File{read}, audit.Query{}); err == nil {
				words(t, r)
			}
		}
	})
}

package audit_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lockstep/audit"
	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// at is the stretch and the place in it of a record.
func (b *bench) at(number uint64) (stretch, place int) {
	for i, s := range b.stretches {
		if int(number) <= len(s.Records) {
			return i, int(number) - 1
		}
		number -= uint64(len(s.Records))
	}
	b.Fatal("there is no such record")
	return 0, 0
}

// changed is the file with one stretch's records changed; the heads stay.
func (b *bench) changed(number uint64, change func(records [][]byte, place int) [][]byte) []byte {
	i, place := b.at(number)
	stretches := slices.Clone(b.stretches)
	stretches[i].Records = change(slices.Clone(stretches[i].Records), place)
	return sequence(stretches, b.receipts)
}

// kind is the first record of a kind.
func (b *bench) kind(kind journal.Kind) uint64 {
	for i, data := range b.records {
		if r, err := journal.Decode(data); err == nil && r.Kind == kind {
			return uint64(i + 1)
		}
	}
	b.Fatalf("there is no %q", kind)
	return 0
}

// rewritten is the whole journal after a change, chained anew and signed by a key: what somebody who holds that key can tell.
func (b *bench) rewritten(signer *statement.Signer, change func(records []journal.Record)) []byte {
	b.Helper()
	var records []journal.Record
	for _, data := range b.records {
		r, err := journal.Decode(data)
		check(b.TB, err)
		records = append(records, r)
	}
	change(records)
	s := chained(records)
	last := records[len(records)-1]
	s.Head = b.sign(signer, statement.Head{Locker: "l1", Boot: last.Boot, Position: last.Number, Hash: last.Hash(), Powered: last.Powered, Low: last.Low})
	return sequence([]journal.Stretch{s}, nil)
}

func chained(records []journal.Record) (s journal.Stretch) {
	for i := range records {
		if i > 0 {
			records[i].Prev = records[i-1].Hash()
		}
		s.Records = append(s.Records, records[i].Encode())
	}
	return s
}

func TestTampering(t *testing.T) {
	b := day(t)
	forged := statement.Encode(journal.Record{Number: 9, Kind: journal.Ticked})
	middle := b.kind(journal.Collected) - 1
	end := uint64(len(b.records))
	last, first := len(b.stretches)-1, uint64(len(b.records)-len(b.stretches[len(b.stretches)-1].Records)+1)
	for name, c := range map[string]struct {
		file   []byte
		kind   audit.Wrong
		record uint64
	}{
		"one left out":                   {b.changed(middle, func(r [][]byte, at int) [][]byte { return slices.Delete(r, at, at+1) }), audit.Gap, middle},
		"the last of an upload left out": {b.changed(first-1, func(r [][]byte, at int) [][]byte { return r[:at] }), audit.Gap, first - 1},
		"two changed places":             {b.changed(middle, func(r [][]byte, at int) [][]byte { r[at], r[at+1] = r[at+1], r[at]; return r }), audit.Order, middle},
		"one twice":                      {b.changed(middle, func(r [][]byte, at int) [][]byte { return slices.Insert(r, at, r[at]) }), audit.Order, middle},
		"one put in":                     {b.changed(middle, func(r [][]byte, at int) [][]byte { return slices.Insert(r, at, forged) }), audit.Order, 9},
		"one exchanged":                  {b.changed(middle, func(r [][]byte, at int) [][]byte { r[at] = forged; return r }), audit.Altered, middle},
		"altered and chained anew, without the key": {b.changed(middle, func(r [][]byte, at int) [][]byte {
			var records []journal.Record
			for _, data := range r {
				record, err := journal.Decode(data)
				check(t, err)
				records = append(records, record)
			}
			records[at].Compartment = 3
			return chained(records).Records
		}), audit.Altered, func() uint64 { i, at := b.at(middle); return middle + uint64(len(b.stretches[i].Records)-1-at) }()},
		"chained anew, under a head of another key": {b.rewritten(b.key(), func(r []journal.Record) { r[middle-1].Compartment = 3 }), audit.Head, end},
		"the end cut off, receipts left":            {sequence(b.stretches[:last], b.receipts), audit.Truncated, first},
		"an upload left out":                        {sequence(slices.Delete(slices.Clone(b.stretches), 2, 3), nil), audit.Gap, uint64(len(b.stretches[0].Records) + len(b.stretches[1].Records) + 1)},
		"uploads changed places":                    {sequence([]journal.Stretch{b.stretches[0], b.stretches[2], b.stretches[1]}, nil), audit.Order, uint64(len(b.stretches[0].Records) + 1)},
		"a heartbeat over more than there is":       {sequence(append(slices.Clone(b.stretches[:last]), journal.Stretch{Head: b.stretches[last].Head}), nil), audit.Truncated, first},
	} {
		r := b.audit(audit.Query{}, c.file)
		if r.Sound || len(r.Findings) == 0 || r.Findings[0].Kind != c.kind || r.Findings[0].Record != c.record {
			t.Errorf("%s: want %s at record %d, found %+v", name, c.kind, c.record, r.Findings)
		}
		if strings.Contains(words(t, r), "The journal is whole") {
			t.Errorf("%s: the words say that it is whole", name)
		}
	}
}

// TestALyingGuard signs what its rules could not have written.
func TestALyingGuard(t *testing.T) {
	b := day(t)
	for name, c := range map[string]struct {
		kind   journal.Kind
		change func(*journal.Record)
		say    string
	}{
		"an override by one operator":     {journal.OverrideIntent, func(r *journal.Record) { r.Persons = r.Persons[1:] }, "1 operators signed, it takes 2"},
		"an override by a stranger":       {journal.OverrideIntent, func(r *journal.Record) { r.Persons[0] = "mallory" }, "mallory is no operator"},
		"a technician who is an operator": {journal.OverrideIntent, func(r *journal.Record) { r.Persons[2] = r.Persons[0] }, "no technician"},
		"an override that nobody signed":  {journal.OverrideIntent, func(r *journal.Record) { r.Statement = nil }, "nobody signed"},
		"of another parcel":               {journal.OverrideIntent, func(r *journal.Record) { r.Parcel = parcelOne }, "parcel 400000000022 was inside"},
		"a courier of an unknown carrier": {journal.DepositIntent, func(r *journal.Record) { r.Carrier = "swift" }, "knows no carrier"},
		"a deposit into a full compartment": {journal.CollectIntent, func(r *journal.Record) {
			r.Kind, r.Carrier, r.Courier, r.Dwell = journal.DepositIntent, "house", "c7", 24
		}, "does not follow from OCCUPIED"},
		"a withdrawal before its time": {journal.CollectIntent, func(r *journal.Record) { r.Kind, r.Carrier, r.Credential = journal.WithdrawIntent, "house", "" }, "was not overdue"},
		"a collection of nothing":      {journal.Collected, func(r *journal.Record) { r.Compartment = 4 }, "does not follow from EMPTY"},
		"overdue too early":            {journal.CollectIntent, func(r *journal.Record) { r.Kind = journal.Overdue }, "dwell time had not passed"},
		"a clock that went back":       {journal.CollectIntent, func(r *journal.Record) { r.Powered = 1 }, "powered clock went back"},
		"a time of its own":            {journal.CollectIntent, func(r *journal.Record) { r.Low-- }, "lower bound of the time"},
		"another charter of its epoch": {journal.Chartered, func(r *journal.Record) {
			next := b.network.Charter
			next.Epoch = 2
			stranger, err := ceremony.SignAll(next, b.network.Roots[0])
			check(t, err)
			r.Charter = stranger.Envelopes
		}, "1 of 2 distinct persons signed"},
		"an opening without an intent": {journal.CollectIntent, func(r *journal.Record) {
			*r = journal.Record{Number: r.Number, Boot: r.Boot, Powered: r.Powered, Low: r.Low, High: r.High, Kind: journal.Opened, Compartment: 4}
		}, "on what authority"},
		"a board that is not there": {journal.CollectIntent, func(r *journal.Record) { r.Kind, r.Persons = journal.Commissioned, []statement.Person{"technician 1"} }, "there is no board"},
	} {
		record := b.kind(c.kind)
		r := b.audit(audit.Query{}, b.rewritten(b.guard, func(records []journal.Record) { c.change(&records[record-1]) }))
		if r.Sound || len(r.Findings) == 0 || r.Findings[0].Record != record || !strings.Contains(r.Findings[0].Text, c.say) || len(r.Unsigned) > 0 {
			t.Errorf("%s: want %q at record %d, found %+v", name, c.say, record, r.Findings)
		}
	}
}

// TestCharters: one of before is enough where its roots have signed those after it; another network's, or one that the journal does
// not begin under, is not.
func TestCharters(t *testing.T) {
	b := newBench(t)
	one := b.network.Charter
	two := b.recharter(func(c *statement.Charter) { c.Technicians.Holders = c.Technicians.Holders[:1] })
	b.upload(false)
	stranger, err := ceremony.NewDevelopment("bench")
	check(t, err)
	other := two
	other.Operators.Holders = other.Operators.Holders[1:]
	for name, c := range map[string]struct {
		charters []statement.Charter
		kind     audit.Wrong
		record   uint64
	}{
		"the first":         {[]statement.Charter{one}, "", 0},
		"both":              {[]statement.Charter{one, two}, "", 0},
		"only the second":   {[]statement.Charter{two}, audit.Charter, 1},
		"another second":    {[]statement.Charter{one, other}, audit.Charter, b.kind(journal.Chartered)},
		"another network's": {[]statement.Charter{stranger.Charter}, audit.Certificate, 1},
	} {
		b.charters = c.charters
		r := b.audit(audit.Query{}, b.file())
		if r.Sound != (c.kind == "") || c.kind != "" && (r.Findings[0].Kind != c.kind || r.Findings[0].Record != c.record) {
			t.Errorf("%s: %+v", name, r.Findings)
		}
		if words(t, r) == "" {
			t.Errorf("%s: no words", name)
		}
	}
}

func words(t *testing.T, r audit.Report) string {
	t.Helper()
	var text strings.Builder
	check(t, r.Write(&text))
	return text.String()
}

// TestTwoFiles: what one lacks the other may have; where they differ, the first record that does is named.
func TestTwoFiles(t *testing.T) {
	b := day(t)
	n := b.kind(journal.OverrideIntent)
	whole := b.file()
	lie := b.rewritten(b.guard, func(r []journal.Record) { r[n-1].Persons[0] = "operator 3" })
	altered := b.changed(n, func(r [][]byte, at int) [][]byte {
		record, err := journal.Decode(r[at])
		check(t, err)
		record.Persons[0] = "operator 3"
		r[at] = record.Encode()
		return r
	})
	tail := statement.Encode(journal.Stretch{Records: b.records[20:], Head: b.stretches[len(b.stretches)-1].Head})
	for name, c := range map[string]struct {
		files  [][]byte
		kind   audit.Wrong
		record uint64
		say    string
	}{
		"the same twice":                  {[][]byte{whole, whole}, "", 0, ""},
		"the beginning and the end":       {[][]byte{sequence(b.stretches[:3], nil), tail}, "", 0, ""},
		"two histories":                   {[][]byte{whole, lie}, audit.Fork, n, "has signed both"},
		"one of them changed":             {[][]byte{whole, altered}, audit.Altered, n, "not the one that the guard signed"},
		"evidence of a fork":              {[][]byte{whole, evidence(t, lie)}, audit.Fork, n, "has signed both"},
		"a courier's head":                {[][]byte{whole, b.stretches[3].Head}, "", 0, ""},
		"a courier's head, another story": {[][]byte{whole, b.sign(b.guard, statement.Head{Locker: "l1", Position: 12, Hash: statement.Hash{1}})}, audit.Fork, 12, "another record 12"},
	} {
		r := b.audit(audit.Query{}, c.files...)
		if r.Sound != (c.kind == "") || c.kind != "" && (r.Findings[0].Kind != c.kind || r.Findings[0].Record != c.record || !strings.Contains(r.Findings[0].Text, c.say)) {
			t.Errorf("%s: want %s at %d, found %+v %+v", name, c.kind, c.record, r.Findings, r.Unsigned)
		}
	}
	if _, err := b.tryAudit(audit.Query{}, tail); err == nil {
		t.Error("a journal without its beginning was taken")
	}
	if r := b.audit(audit.Query{}, whole, day(t).file()); r.Findings[0].Kind != audit.Certificate || r.Findings[0].File != "b.journal" {
		t.Errorf("another network's journal beside it: %+v", r.Findings[0])
	}
	for name, change := range map[string]func(*statement.Locker){
		"two lockers": func(l *statement.Locker) { l.ID = "l2" }, "two guards": func(l *statement.Locker) { l.Guard = b.key().Key() }} {
		l := b.locker()
		change(&l)
		certificate, err := b.network.SignLocker(l)
		check(t, err)
		other := b.rewritten(b.guard, func(r []journal.Record) { r[0].Certificate = certificate.Envelopes })
		if _, err := b.tryAudit(audit.Query{}, whole, other); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// evidence is a stretch as the hub keeps it of an upload that contradicts what it has.
func evidence(t *testing.T, file []byte) []byte {
	t.Helper()
	var s journal.Stretch
	check(t, statement.Decode(file, &s))
	return statement.Encode(struct {
		Stretch journal.Stretch `cbor:"1,keyasint"`
		Head    []byte          `cbor:"2,keyasint,omitempty"`
	}{journal.Stretch{Records: s.Records[15:], Head: s.Head}, nil})
}

// TestReceiptsReachBackOverNoBreak: what two time keys have seen later says nothing of records before one that is altered.
func TestReceiptsReachBackOverNoBreak(t *testing.T) {
	b := day(t)
	n := b.kind(journal.Overdue)
	file := b.changed(n, func(r [][]byte, at int) [][]byte {
		r[at] = slices.Concat(r[at][:40], []byte{r[at][40] ^ 1}, r[at][41:])
		return r
	})
	for _, o := range b.audit(audit.Query{}, file).Openings {
		switch last := o.Records[len(o.Records)-1]; {
		case last > n && (o.Seen == nil || o.Judged || !o.Signed), last < n && o.Seen != nil && o.Seen.Through > n:
			t.Errorf("record %d is altered; of an opening up to record %d: %+v", n, last, o)
		}
	}
}

// TestQueries: by compartment, and by time, in the locker's zone or any other.
func TestQueries(t *testing.T) {
	b := day(t)
	for _, c := range []struct {
		query audit.Query
		want  int
	}{
		{audit.Query{}, 9}, {audit.Query{Locker: "l1"}, 9}, {audit.Query{Compartment: 1}, 3}, {audit.Query{Compartment: 4}, 1},
		{audit.Query{From: "2027-01-15T13:10"}, 4}, {audit.Query{From: "2027-01-15T10:10:00Z"}, 4}, {audit.Query{To: "2027-01-15T13:00:25"}, 4},
		{audit.Query{From: "2027-01-16", Compartment: 3}, 1}, {audit.Query{From: "2027-01-17"}, 0}, {audit.Query{To: "2027-01-15"}, 0},
	} {
		if got := b.audit(c.query, b.file()).Openings; len(got) != c.want {
			t.Errorf("%+v: %d openings, not %d", c.query, len(got), c.want)
		}
	}
	for _, q := range []audit.Query{{Locker: "l2"}, {Compartment: 5}, {From: "yesterday"}} {
		if _, err := b.tryAudit(q, b.file()); err == nil {
			t.Errorf("%+v was answered", q)
		}
	}
	for name, data := range map[string][]byte{"nothing": nil, "text": []byte("a journal"), "a number": {1}} {
		if _, err := audit.Read(name, data); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// TestWithoutAnUpperBound: what nothing bounds from above is said so, and is not left out of any question.
func TestWithoutAnUpperBound(t *testing.T) {
	b := newBench(t)
	b.open[2] = true
	b.pass(3 * rules.Second)
	b.shut()
	b.upload(false)
	r := b.audit(audit.Query{From: "2030-01-01", To: "2030-01-02"}, b.file())
	if !r.Sound || len(r.Openings) != 1 || !strings.Contains(r.Openings[0].Text, "at a time that no clock tells") {
		t.Errorf("%+v", r)
	}
}

// TestWhateverAGuardSigns: any record of any kind anywhere in a journal, under the guard's own signature, is judged and told.
func TestWhateverAGuardSigns(t *testing.T) {
	b := day(t)
	random := rand.New(rand.NewPCG(1, 2))
	maybe := func(n int) int { return random.IntN(2) * random.IntN(n) }
	sound := 0
	for range 10 {
		for _, kind := range journal.Kinds {
			r := b.audit(audit.Query{}, b.rewritten(b.guard, func(records []journal.Record) {
				at := &records[1+random.IntN(len(records)-1)]
				*at = journal.Record{Number: at.Number, Boot: at.Boot, Powered: at.Powered, Low: at.Low, High: at.High, Kind: kind,
					Compartment: uint16(maybe(6)), Parcel: []string{"", parcelOne, parcelTwo}[maybe(3)], Carrier: []string{"", "house"}[maybe(2)],
					Persons: []statement.Person{"operator 2", "technician 1", "\x1b[2J"}[:maybe(4)], Key: make([]byte, maybe(20)), Index: uint8(maybe(3)),
					Compartments: []uint16{1, 9}[:maybe(3)], Statement: make([]byte, maybe(40)), Charter: [][]byte{{1}}[:maybe(2)],
					Until: int64(maybe(1 << 40)), Due: -int64(maybe(9)), Reason: []string{"", "uncommanded", "begun"}[maybe(3)], To: []string{"", "EMPTY", "X"}[maybe(3)]}
			}))
			if r.Sound {
				sound++
			}
			if text := words(t, r); strings.ContainsRune(text, 0x1b) {
				t.Errorf("%s: it paints the terminal", kind)
			}
		}
	}
	t.Logf("%d of %d still sound", sound, 10*len(journal.Kinds))
	if sound > 2*len(journal.Kinds) {
		t.Error("too much is believed: the records are not what they should be")
	}
}

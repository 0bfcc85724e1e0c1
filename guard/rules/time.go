package rules

import (
	"lockstep/guard/statement"
)

const (
	driftPerMillion = 200
	receiptAge      = 10 * Minute // of the head a receipt covers
	receiptSlack    = 5 * Second  // how far two honest time keys may disagree
	unsureBeyond    = 12 * Hour
	earlySlack      = 10 * Minute // how far ahead a signer's clock may honestly be
)

// time gives the bounds of the wall clock at a powered moment. High is 0 while unknown.
func (f *Facts) time(now int64) (low, high int64) {
	passed := now - f.Powered
	drift := passed * driftPerMillion / 1e6
	if f.Low == 0 {
		return 0, 0
	}
	low = f.Low + passed - drift
	if f.High > 0 {
		high = f.High + passed + drift
	}
	return low, high
}

// timeUnsure says that a withdrawal cannot be judged.
func (f *Facts) timeUnsure(now int64) bool {
	low, high := f.time(now)
	return high == 0 || high-low > unsureBeyond
}

// outside says that a statement's time has surely passed, or surely not come: without a lower bound to begin, one that is dated
// ahead would hold for longer than its type may.
func (f *Facts) outside(from, until, now int64) bool {
	low, high := f.time(now)
	return low > until || high > 0 && high+earlySlack < from
}

// Heard is what the link has brought about the time since the boot: heads this guard signed and receipts for them.
type Heard struct {
	heads    []statement.Head
	receipts []heardReceipt
	last     int64 // powered time of the last believed receipt
}

type heardReceipt struct {
	person  statement.Person
	utc     int64
	powered int64 // when the head was signed
}

// Signed remembers a head, so that a receipt of it can be dated.
func (h Heard) Signed(head statement.Head) Heard {
	const kept = 64
	h.heads = append(h.heads[max(0, len(h.heads)-kept+1):len(h.heads):len(h.heads)], head)
	return h
}

// receive takes one believed receipt and, where another person's agrees, gives new bounds of the time.
func (h Heard) receive(r statement.Receipt, person statement.Person, now int64) (_ Heard, low, high int64, reason string) {
	if !h.covers(r) {
		return h, 0, 0, "head"
	}
	if now-r.Powered > receiptAge {
		return h, 0, 0, "late"
	}
	h.last = now
	mine := heardReceipt{person, r.UTC, r.Powered}
	kept := []heardReceipt{mine}
	for _, other := range h.receipts {
		if other.person == person || now-other.powered > receiptAge {
			continue
		}
		kept = append(kept, other)
		from := max(mine.utc, other.utc) - receiptSlack
		to := min(mine.utc+now-mine.powered, other.utc+now-other.powered) + receiptSlack
		if from <= to {
			low, high = min(mine.utc, other.utc), max(mine.utc+now-mine.powered, other.utc+now-other.powered)
		}
	}
	h.receipts = kept
	return h, low, high, ""
}

// Alone is for how long no receipt has come, in powered ms. Of those before the boot the journal remembers the last that set the time.
func (h Heard) Alone(f *Facts, now int64) int64 { return millis(max(0, now-max(h.last, f.TimeSet))) }

func (h Heard) covers(r statement.Receipt) bool {
	for _, head := range h.heads {
		if head.Boot == r.Boot && head.Position == r.Position && head.Hash == r.Hash && head.Powered == r.Powered {
			return true
		}
	}
	return false
}

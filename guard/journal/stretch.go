package journal

import (
	"fmt"

	"lockstep/guard/statement"
)

// Position is a place in one locker's journal: a record's number and its chain hash. The zero Position is before the first.
type Position struct {
	Number uint64         `cbor:"1,keyasint"`
	Hash   statement.Hash `cbor:"2,keyasint"`
}

// Stretch is consecutive records with a head over the last of them: what travels up, and what the hub keeps as evidence.
type Stretch struct {
	Records [][]byte `cbor:"1,keyasint"` // each a record's canonical CBOR; none in a heartbeat
	Head    []byte   `cbor:"2,keyasint"` // envelope of a statement.Head over the last record
}

// A Break is a stretch that does not continue what was known. Number is the first record in doubt.
type Break struct {
	Number uint64
	Reason string // "gap" · "fork" · "chain" · "head"
	text   string
}

func (b *Break) Error() string {
	return fmt.Sprintf("journal: %s at record %d: %s", b.Reason, b.Number, b.text)
}

// Verify checks that the stretch continues after a known position and that the locker's guard signed its end. A heartbeat
// (no records) must cover exactly that position or one further on, which Head.Position then tells.
func (s Stretch) Verify(after Position, locker string, guard statement.Key) ([]Record, statement.Head, error) {
	head, _, err := statement.Verify[statement.Head](s.Head, func(id statement.KeyID) (statement.Key, bool) {
		return guard, guard.ID() == id
	})
	if err != nil {
		return nil, head, &Break{after.Number + 1, "head", err.Error()}
	}
	if head.Locker != locker {
		return nil, head, &Break{after.Number + 1, "head", "it is another locker's"}
	}
	records, end, err := Chain(after, s.Records)
	if err != nil {
		return nil, head, err
	}
	if len(records) > 0 && (head.Position != end.Number || head.Hash != end.Hash) {
		return nil, head, &Break{end.Number, "head", "it does not cover the last record"}
	}
	if len(records) == 0 && head.Position == after.Number && head.Hash != after.Hash {
		return nil, head, &Break{after.Number, "fork", "the head contradicts what was received before"}
	}
	if head.Position < after.Number {
		return nil, head, &Break{head.Position, "fork", "the journal has been rolled back"}
	}
	return records, head, nil
}

// Chain decodes consecutive records and checks numbers, hashes and texts, from a known position on.
func Chain(after Position, encoded [][]byte) ([]Record, Position, error) {
	records := make([]Record, 0, len(encoded))
	for _, data := range encoded {
		r, err := Decode(data)
		if err != nil {
			return nil, after, &Break{after.Number + 1, "chain", err.Error()}
		}
		if !r.proper() {
			return nil, after, &Break{after.Number + 1, "chain", "a text that no guard writes"}
		}
		if r.Number != after.Number+1 {
			return nil, after, &Break{after.Number + 1, "gap", fmt.Sprintf("record %d follows", r.Number)}
		}
		if r.Prev != after.Hash {
			return nil, after, &Break{r.Number, "fork", "it does not follow the record before"}
		}
		records = append(records, r)
		after = Position{r.Number, hash(data)}
	}
	return records, after, nil
}

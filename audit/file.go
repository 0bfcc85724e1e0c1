package audit

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// File is one journal file: a CBOR sequence (RFC 8742) of stretches as the guard gave them, and, as bare envelopes, receipts and
// heads that came otherwise. An alarm's evidence as the hub writes it may stand in a stretch's place. Nothing of it is believed yet.
type File struct {
	Name     string
	lines    []line
	stretch  []claimed
	heads    [][]byte // that stand alone
	receipts [][]byte
	torn     []tear
}

// claimed is a head with the number of lines in the file up to it.
type claimed struct {
	until int
	head  []byte
}

// tear is a place in a file that cannot be read.
type tear struct {
	byte     int
	lines    int  // that came before it
	envelope bool // no record can have been there
	err      error
}

// line is one record as a file holds it.
type line struct {
	file   string
	record journal.Record // as far as it can be read
	bad    error          // why it cannot
	hash   statement.Hash
	place  uint64 // its number by the signatures around it; what it says of itself where nothing is signed
	signed bool   // a head covers it, directly or through the records after it
}

func (l line) number() uint64 { return max(1, l.record.Number) }

// Read takes a journal file apart. Its error is a file in which nothing can be read.
func Read(name string, data []byte) (File, error) {
	f := File{Name: name}
	for rest := data; len(rest) > 0; {
		var item cbor.RawMessage
		next, err := cbor.UnmarshalFirst(rest, &item)
		if err == nil {
			err = f.take(item)
		} else {
			next = nil
		}
		if err != nil {
			f.torn = append(f.torn, tear{len(data) - len(rest), len(f.lines), next != nil && item[0]>>5 == array, err})
		}
		rest = next
	}
	if len(f.lines) > 0 || len(f.heads) > 0 || len(f.receipts) > 0 {
		return f, nil
	}
	if len(f.torn) > 0 {
		return f, fmt.Errorf("%s: byte %d: %w", name, f.torn[0].byte, f.torn[0].err)
	}
	return f, fmt.Errorf("%s holds no records", name)
}

const (
	array = 4 // CBOR major types
	bag   = 5
)

func (f *File) take(item []byte) error {
	switch item[0] >> 5 {
	case array:
		return f.takeEnvelope(item)
	case bag:
		return f.takeStretch(item)
	}
	return errors.New("neither a stretch nor an envelope")
}

func (f *File) takeEnvelope(item []byte) error {
	typ, err := statement.Peek(item)
	switch {
	case err != nil:
		return err
	case typ == statement.TypeReceipt:
		f.receipts = append(f.receipts, item)
	case typ == statement.TypeHead:
		f.heads = append(f.heads, item)
	default:
		return fmt.Errorf("a %s has no place in a journal file", typ)
	}
	return nil
}

// evidence is what a hub keeps of an upload that contradicts another.
type evidence struct {
	Stretch journal.Stretch `cbor:"1,keyasint"`
	Head    []byte          `cbor:"2,keyasint,omitempty"`
}

func (f *File) takeStretch(item []byte) error {
	var s journal.Stretch
	if err := statement.Decode(item, &s); err != nil {
		var e evidence
		if statement.Decode(item, &e) != nil {
			return err
		}
		s = e.Stretch
		if e.Head != nil {
			f.heads = append(f.heads, e.Head)
		}
	}
	for _, data := range s.Records {
		r, err := journal.Decode(data)
		f.lines = append(f.lines, line{file: f.Name, record: r, bad: err, hash: sha256.Sum256(data)})
	}
	if len(s.Records) == 0 { // a heartbeat may speak of records that come later in the file
		f.heads = append(f.heads, s.Head)
		return nil
	}
	f.stretch = append(f.stretch, claimed{len(f.lines), s.Head})
	return nil
}

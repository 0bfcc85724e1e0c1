package courier

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/fault"
)

// MaxActs is how many acts a phone is told of at once.
const MaxActs = 50

// MaxWord bounds what carries a word, in bytes: 5000 barcodes with what is around each of them.
const MaxWord = 128 << 10

// maxHanded bounds the parcels of one word.
const maxHanded = 5000

// wordAge is how long a phone may be without signal before it hands its word on.
const wordAge = statement.MaxCourierTerm * time.Microsecond

// Act is what a merchant hands to its carrier at a time (hub/internal/handover): shipments, each complete or not at all.
type Act struct {
	Number    int64      `json:"number"`
	Merchant  string     `json:"merchant"` // its name
	City      string     `json:"city"`
	Reference string     `json:"reference,omitempty"` // the merchant's own number for it
	Created   int64      `json:"created"`             // µs UTC
	Accepted  int64      `json:"accepted,omitempty"`  // when the carrier said that it has all of it; 0 before
	Shipments [][]string `json:"shipments"`           // the barcodes of each
}

// Word is what a courier's phone signs at a merchant's: these parcels of an act it has scanned, and its carrier has them.
type Word struct {
	Act         int64    `json:"act"`
	At          int64    `json:"at"`       // when it was signed, by the phone's clock, µs UTC
	Barcodes    []string `json:"barcodes"` // in their order
	Proof       []byte   `json:"proof"`    // the phone's signature over ActMessage
	Certificate []byte   `json:"certificate"`
}

// ActMessage is what a device signs about an act: everything of its word in one line.
func ActMessage(act, at int64, barcodes []string) []byte {
	return fmt.Appendf(nil, "lockstep courier accepts act %d at %d: %s", act, at, strings.Join(barcodes, " "))
}

// Verify reads who said it, under the charters that a network has had, and that it is well-formed. Denied where no courier's phone signed
// it, or its certificate did not hold then.
func (w Word) Verify(charters ...statement.Charter) (by statement.Courier, err error) {
	if n := len(w.Barcodes); n == 0 || n > maxHanded || !slices.IsSorted(w.Barcodes) || len(slices.Compact(slices.Clone(w.Barcodes))) != n {
		return by, fault.New(fault.Invalid, "invalid_word", "a word about an act names 1 to %d parcels, each once and in their order", maxHanded)
	}
	for _, barcode := range w.Barcodes {
		if statement.CheckBarcode(barcode) != nil {
			return by, fault.New(fault.Invalid, "invalid_word", "a word about an act names parcels by their barcodes")
		}
	}
	for _, charter := range slices.Backward(charters) {
		if by, err = statement.VerifyCourier(w.Certificate, charter); err == nil {
			break
		}
	}
	if err != nil || w.At < by.From || w.At > by.Until {
		return by, fault.New(fault.Denied, "bad_proof", "no courier of this network has said so")
	}
	return by, verify(by.Key, ActMessage(w.Act, w.At, w.Barcodes), w.Proof)
}

// Fresh says whether a word may still be handed on: it is not of a time to come, nor older than any certificate.
func (w Word) Fresh(now time.Time) bool {
	age := now.Sub(time.UnixMicro(w.At))
	return age > -proofAge && age < wordAge
}

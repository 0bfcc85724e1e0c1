package parcel

import (
	"fmt"
	"slices"
)

// Trouble is what a recipient may say is wrong with a parcel at its locker.
type Trouble string

const (
	NothingInside Trouble = "empty"
	OtherInside   Trouble = "wrong parcel"
	Damaged       Trouble = "damaged"
	StaysShut     Trouble = "does not open"
)

// Troubles are all of them.
var Troubles = []Trouble{NothingInside, OtherInside, Damaged, StaysShut}

// MaxNote bounds what a recipient may write beside it, in characters.
const MaxNote = 300

// Check says whether there is such a trouble.
func (t Trouble) Check() error {
	if !slices.Contains(Troubles, t) {
		return fmt.Errorf("parcel: no trouble is called %q", t)
	}
	return nil
}

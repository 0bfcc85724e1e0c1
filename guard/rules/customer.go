package rules

import (
	"crypto/subtle"

	"lockstep/guard/door"
	"lockstep/guard/statement"
)

// returning judges the code of a return permit: an empty compartment for one parcel, a low one where the permit or the customer asks for
// it. Wrong codes count as the keypad's others.
func (d *decision) returning(code string, low bool) (door.Reason, int64) {
	if !statement.CheckPermitCode(code) {
		return door.Malformed, 0
	}
	mac := d.rules.mac(permit, []byte(code))
	if reason, wait := d.keypad(); reason != "" {
		return reason, wait
	}
	if since, _ := d.time(d.now); since == 0 {
		return door.TimeUnsure, 0
	}
	p, ok := d.permitOf(mac)
	if !ok {
		return d.wrong()
	}
	x := Expected{Expected: statement.Expected{Barcode: p.Barcode, Size: p.Size, Low: p.Low || low}, Carrier: p.Carrier, Until: p.Until}
	return d.deposit(x, p.Size, statement.Courier{})
}

// permitOf finds the permit of a code. It compares with every permit, whatever it finds.
func (d *decision) permitOf(mac MAC) (found Permit, ok bool) {
	for _, p := range d.Permits {
		same := subtle.ConstantTimeCompare(mac[:], p.Code[:]) == 1
		if same && !d.outside(p.From, p.Until, d.now) && !d.holds(p.Barcode) {
			found, ok = p, true
		}
	}
	return found, ok
}

// customerLarger is a customer at a compartment that is too small.
func (d *decision) customerLarger() (door.Reason, int64) {
	if d.visit == nil || d.visit.errand != door.Returning {
		return door.NotNow, 0
	}
	return d.larger(0)
}

package dispatch

import (
	"time"

	"lockstep/guard/statement"
)

// ReceiptAge and NewsAge are how old a time key's last receipt for a locker must be before it gives another: for any head, and
// for one that came with records worth a receipt.
const (
	ReceiptAge = 15 * time.Minute
	NewsAge    = time.Minute
)

// ReceiptDue says whether a time key that last gave a receipt at utc (µs, 0 for never) over a boot owes one for a head.
func ReceiptDue(utc int64, boot uint64, head statement.Head, news bool, now time.Time) bool {
	age := now.Sub(time.UnixMicro(utc))
	return utc == 0 || boot != head.Boot || age > ReceiptAge || (news && age > NewsAge)
}

// Receipt signs the hub's receipt of a head.
func (d *Dispatch) Receipt(head statement.Head) (statement.Receipt, []byte, error) {
	r := statement.ReceiptFor(head, d.Now().UnixMicro())
	envelope, err := statement.Sign(d.Time, r)
	return r, envelope, err
}

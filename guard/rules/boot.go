package rules

import (
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// Provision is the entry that makes this guard a locker's, or that describes the locker anew while every compartment is empty.
func (f Facts) Provision(charter, certificate [][]byte) (journal.Entry, Facts, error) {
	entry := f.entry(journal.Record{Kind: journal.Provisioned, Charter: charter, Certificate: certificate}, f.Powered, &entropy{})
	after, err := f.Fold(entry)
	return entry, after, err
}

// boot reads what a crash may have left half done in the safe way: a courier's door into quarantine, a collection back to
// occupied with its code alive.
func (d *decision) boot() {
	d.Scene = d.dark()
	d.booted = true
	d.write(journal.Record{Kind: journal.Booted, Boot: d.Boot + 1, Low: d.Low, Until: d.Powered})
	for i := range d.Compartments {
		c := d.Compartments[i]
		r := journal.Record{Compartment: c.Number, Parcel: c.Parcel, Carrier: c.Carrier, Reason: crash}
		if c.Occupancy == Intent {
			r.Courier = c.Courier
		}
		switch {
		case (c.Occupancy == Intent || c.Occupancy == Collecting) && c.Via == ViaOverride:
			r.Kind = journal.OverrideFailed
		case c.Occupancy == Intent && c.Via == ViaReopen:
			r.Kind = journal.ReopenFailed
		case c.Occupancy == Intent:
			r.Kind, r.To = journal.DepositFailed, string(Quarantine)
		case c.Occupancy == Collecting && c.Via == ViaCarrier:
			r.Kind = journal.WithdrawFailed
		case c.Occupancy == Collecting:
			r.Kind = journal.CollectFailed
		default:
			continue
		}
		d.write(r)
		d.Doors[i].Excused, d.Doors[i].Unread = true, d.now // it may still stand open from before
	}
}

// dark is a scene in which nothing has been seen yet.
func (f *Facts) dark() Scene {
	return Scene{Doors: make([]Sight, len(f.Compartments)), Boards: make([]Bus, len(f.Wiring)), epoch: f.Network.Epoch}
}

// tick lets time pass: what waited too long ends, what is due is written.
func (d *decision) tick() {
	d.tickVisit()
	d.tickSession()
	d.tickService()
	d.tickRefusals()
	d.tickDoors()
	d.tickBoards()
	d.tickOverdue()
	if d.now-d.Powered >= 10*Minute {
		d.write(journal.Record{Kind: journal.Ticked})
	}
}

func (d *decision) tickBoards() {
	for i, b := range d.Boards {
		if b.Tried && !b.Alarmed && d.now-b.Read > boardSilence {
			d.Boards = append([]Bus(nil), d.Boards...)
			d.Boards[i].Alarmed = true
			d.alarm("board silent: "+boardName(d.Wiring[i]), 0)
		}
	}
}

func boardName(b statement.Board) string {
	return b.Line + "/" + string('0'+b.Address/10) + string('0'+b.Address%10)
}

// tickOverdue writes that a parcel's dwell time has passed: on the wall clock's lower bound and in powered hours, both.
func (d *decision) tickOverdue() {
	low, _ := d.time(d.now)
	for i := range d.Compartments {
		c := d.Compartments[i]
		if c.Occupancy == Occupied && !c.Overdue && !c.Outbound && !d.timeUnsure(d.now) && c.due(low, d.now) {
			d.write(journal.Record{Kind: journal.Overdue, Compartment: c.Number, Parcel: c.Parcel, Carrier: c.Carrier, Due: c.Due})
		}
	}
}

// due judges by the later of the bounds at deposit: where the clock was unsure then, by its lower bound, and powered hours
// still hold.
func (c *Compartment) due(low, powered int64) bool {
	wall := c.Due
	if wall == 0 {
		wall = c.StoredLow + int64(c.Dwell)*Hour
	}
	return low >= wall && powered >= c.DuePowered
}

package parcel

//go:generate go run ./drawing ../docs/lifecycle.md

import (
	"fmt"
	"strings"
)

// State is where a parcel stands. Only Next leads to another.
type State string

const (
	Nowhere    State = ""           // not announced yet
	Announced  State = "announced"  // the merchant has told us
	Dispatched State = "dispatched" // on a manifest, or under a return permit, that the locker's guard has taken
	Stored     State = "stored"     // in a compartment, its code is alive
	Overdue    State = "overdue"    // its dwell time has passed; the carrier may take it back, the recipient may still collect
	Uncertain  State = "uncertain"  // in a quarantined compartment, or not: only a look inside tells
	Collected  State = "collected"  // the recipient has it
	Withdrawn  State = "withdrawn"  // the carrier has it back
	Recovered  State = "recovered"  // taken out by persons: by an override, or by the mechanical key of a dead locker
	Returned   State = "returned"   // the merchant has it again
	Cancelled  State = "cancelled"  // not to be put in any more
)

// States are all states in the order of a parcel's life.
func States() []State {
	return []State{Announced, Dispatched, Stored, Overdue, Uncertain, Collected, Withdrawn, Recovered, Returned, Cancelled}
}

// Live says whether something is still to happen to a parcel in this state.
func (s State) Live() bool { return s != Nowhere && s != Collected && s != Returned && s != Cancelled }

// Inside says whether the parcel is, or may be, in a compartment.
func (s State) Inside() bool { return s == Stored || s == Overdue || s == Uncertain }

// Waits says whether a parcel in this state is still to be put in.
func (s State) Waits() bool { return s == Announced || s == Dispatched }

// Fact is something that happened to a parcel, or that somebody says about it.
type Fact string

const (
	WasAnnounced     Fact = "announced"
	WasDispatched    Fact = "dispatched"
	WasRedirected    Fact = "redirected" // it is for another locker now
	WasStored        Fact = "stored"
	DepositFailed    Fact = "deposit failed"    // the courier has the parcel still
	DepositUncertain Fact = "deposit uncertain" // the compartment was quarantined with it, perhaps
	CollectFailed    Fact = "collect failed"    // the parcel is where it was
	WasCollected     Fact = "collected"
	BecameOverdue    Fact = "overdue"
	WasWithdrawn     Fact = "withdrawn"
	WithdrawFailed   Fact = "withdraw failed"
	WasQuarantined   Fact = "quarantined"
	WasTakenOut      Fact = "taken out"
	WasExtended      Fact = "extended"        // its dwell time ends later
	WasReissued      Fact = "reissued"        // a new code killed the old one
	WasDeclined      Fact = "declined"        // its recipient has said at the locker that they do not want it
	WasRefused       Fact = "refused"         // its recipient has said so from afar
	WasPaid          Fact = "paid"            // what was due for it; its code opens now
	WasOverridden    Fact = "overridden"      // two operators and a technician opened its compartment and emptied it
	OverrideFailed   Fact = "override failed" // an override ended and the parcel is where it was
	WasRecovered     Fact = "recovered"       // a technician has scanned it out of a locker whose guard is dead
	WasLost          Fact = "guard replaced"  // the guard that knew of it is gone, and nobody has scanned it
	WasReturned      Fact = "returned"
	WasCancelled     Fact = "cancelled"
	Lapsed           Fact = "lapsed" // announced long ago and never put in
)

// Party is who says a fact.
type Party string

const (
	ByGuard      Party = "guard"
	ByMerchant   Party = "merchant"
	ByCarrier    Party = "carrier"
	ByTechnician Party = "technician"
	ByHub        Party = "hub"
	ByRecipient  Party = "recipient"
)

// Proof is what a fact rests on.
type Proof string

const (
	Record Proof = "record" // a line of a guard's journal under a signed head
	Scan   Proof = "scan"   // signed by a person's device
	Claim  Proof = "claim"  // somebody's word
)

// Row is one line of the lifecycle: in From, What said By somebody and proved by Proof leads To.
type Row struct {
	From  State
	What  Fact
	By    Party
	To    State
	Proof Proof
}

var lifecycle = []Row{
	{Nowhere, WasAnnounced, ByMerchant, Announced, Claim},

	{Announced, WasDispatched, ByGuard, Dispatched, Record},
	{Announced, WasCancelled, ByMerchant, Cancelled, Claim},
	{Announced, Lapsed, ByHub, Cancelled, Claim},
	{Dispatched, WasCancelled, ByMerchant, Cancelled, Claim},
	{Dispatched, Lapsed, ByHub, Cancelled, Claim},
	{Announced, WasRedirected, ByMerchant, Announced, Claim},
	{Dispatched, WasRedirected, ByMerchant, Announced, Claim},
	{Withdrawn, WasRedirected, ByMerchant, Announced, Claim}, // its carrier has it, and takes it on

	{Announced, WasStored, ByGuard, Stored, Record},
	{Announced, DepositFailed, ByGuard, Announced, Record},
	{Announced, DepositUncertain, ByGuard, Uncertain, Record},
	{Dispatched, WasStored, ByGuard, Stored, Record},
	{Dispatched, DepositFailed, ByGuard, Dispatched, Record},
	{Dispatched, DepositUncertain, ByGuard, Uncertain, Record},

	// A courier's door left open, or opened by itself, before anybody said what is inside.
	{Announced, WasQuarantined, ByGuard, Uncertain, Record},
	{Dispatched, WasQuarantined, ByGuard, Uncertain, Record},
	{Cancelled, WasQuarantined, ByGuard, Uncertain, Record},
	{Withdrawn, WasQuarantined, ByGuard, Uncertain, Record},

	// A guard that has not heard of a cancellation, or was asked before it, takes the parcel all the same.
	{Cancelled, WasStored, ByGuard, Stored, Record},
	{Cancelled, DepositFailed, ByGuard, Cancelled, Record},
	{Cancelled, DepositUncertain, ByGuard, Uncertain, Record},
	{Cancelled, WasDispatched, ByGuard, Cancelled, Record},

	{Stored, WasCollected, ByGuard, Collected, Record},
	{Stored, CollectFailed, ByGuard, Stored, Record},
	{Stored, BecameOverdue, ByGuard, Overdue, Record},
	{Stored, WasWithdrawn, ByGuard, Withdrawn, Record},
	{Stored, WithdrawFailed, ByGuard, Stored, Record},
	{Stored, WasQuarantined, ByGuard, Uncertain, Record},
	{Stored, WasCancelled, ByMerchant, Stored, Claim},
	{Stored, WasExtended, ByGuard, Stored, Record},
	{Stored, WasReissued, ByGuard, Stored, Record},
	{Stored, WasDeclined, ByGuard, Stored, Record},
	{Stored, WasRefused, ByRecipient, Stored, Claim},
	{Stored, WasPaid, ByGuard, Stored, Record},
	{Stored, WasOverridden, ByGuard, Recovered, Record},
	{Stored, OverrideFailed, ByGuard, Stored, Record},
	{Stored, WasRecovered, ByTechnician, Recovered, Scan},
	{Stored, WasLost, ByHub, Uncertain, Claim},

	{Overdue, WasCollected, ByGuard, Collected, Record},
	{Overdue, CollectFailed, ByGuard, Overdue, Record},
	{Overdue, WasWithdrawn, ByGuard, Withdrawn, Record},
	{Overdue, WithdrawFailed, ByGuard, Overdue, Record},
	{Overdue, WasQuarantined, ByGuard, Uncertain, Record},
	{Overdue, WasCancelled, ByMerchant, Overdue, Claim},
	{Overdue, WasExtended, ByGuard, Stored, Record},
	{Overdue, WasReissued, ByGuard, Overdue, Record},
	{Overdue, WasDeclined, ByGuard, Overdue, Record},
	{Overdue, WasRefused, ByRecipient, Overdue, Claim},
	{Overdue, WasPaid, ByGuard, Overdue, Record},
	{Overdue, WasOverridden, ByGuard, Recovered, Record},
	{Overdue, OverrideFailed, ByGuard, Overdue, Record},
	{Overdue, WasRecovered, ByTechnician, Recovered, Scan},
	{Overdue, WasLost, ByHub, Uncertain, Claim},

	{Uncertain, WasStored, ByGuard, Stored, Record},
	{Uncertain, DepositFailed, ByGuard, Uncertain, Record},
	{Uncertain, DepositUncertain, ByGuard, Uncertain, Record},
	{Uncertain, WasQuarantined, ByGuard, Uncertain, Record},
	{Uncertain, WasCollected, ByGuard, Collected, Record},
	{Uncertain, CollectFailed, ByGuard, Uncertain, Record},
	{Uncertain, WithdrawFailed, ByGuard, Uncertain, Record},
	{Uncertain, BecameOverdue, ByGuard, Uncertain, Record},
	{Uncertain, WasTakenOut, ByGuard, Withdrawn, Record},
	{Uncertain, WasWithdrawn, ByGuard, Withdrawn, Record},
	{Uncertain, WasCancelled, ByMerchant, Uncertain, Claim},
	{Uncertain, WasExtended, ByGuard, Uncertain, Record},
	{Uncertain, WasReissued, ByGuard, Uncertain, Record},
	{Uncertain, WasDeclined, ByGuard, Uncertain, Record},
	{Uncertain, WasRefused, ByRecipient, Uncertain, Claim},
	{Uncertain, WasPaid, ByGuard, Uncertain, Record},
	{Uncertain, WasOverridden, ByGuard, Recovered, Record},
	{Uncertain, OverrideFailed, ByGuard, Uncertain, Record},
	{Uncertain, WasRecovered, ByTechnician, Recovered, Scan},
	{Uncertain, WasLost, ByHub, Uncertain, Claim},

	{Collected, WasCollected, ByGuard, Collected, Record},   // the same code again within its grace
	{Collected, CollectFailed, ByGuard, Uncertain, Record},  // within its grace; the guard reads the door as occupied
	{Collected, WasQuarantined, ByGuard, Uncertain, Record}, // opened within its grace and left open

	{Withdrawn, WasStored, ByGuard, Stored, Record}, // taken out of quarantine and put in again
	{Withdrawn, DepositFailed, ByGuard, Withdrawn, Record},
	{Withdrawn, DepositUncertain, ByGuard, Uncertain, Record},
	{Withdrawn, WasTakenOut, ByGuard, Withdrawn, Record},   // of another compartment where it was thought to be
	{Withdrawn, WasOverridden, ByGuard, Withdrawn, Record}, // likewise
	{Withdrawn, OverrideFailed, ByGuard, Withdrawn, Record},
	{Withdrawn, WasReturned, ByCarrier, Returned, Claim},

	{Recovered, WasStored, ByGuard, Stored, Record}, // put in again
	{Recovered, DepositFailed, ByGuard, Recovered, Record},
	{Recovered, DepositUncertain, ByGuard, Uncertain, Record},
	{Recovered, WasQuarantined, ByGuard, Uncertain, Record},
	{Recovered, WasTakenOut, ByGuard, Withdrawn, Record}, // of another compartment where it was thought to be
	{Recovered, WasOverridden, ByGuard, Recovered, Record},
	{Recovered, OverrideFailed, ByGuard, Recovered, Record},
	{Recovered, WasReturned, ByCarrier, Returned, Claim},
}

// Claimed says whether a parcel comes to this state by somebody's word alone.
func (s State) Claimed() bool {
	for _, r := range lifecycle {
		if r.To == s && r.From != s && r.Proof != Claim {
			return false
		}
	}
	return true
}

// Lifecycle is the whole table.
func Lifecycle() []Row { return append([]Row(nil), lifecycle...) }

var next = func() map[State]map[Fact]Row {
	m := map[State]map[Fact]Row{}
	for _, r := range lifecycle {
		if m[r.From] == nil {
			m[r.From] = map[Fact]Row{}
		}
		m[r.From][r.What] = r
	}
	return m
}()

// Next finds the row for a fact. It is false where the table has none: the fact cannot be about a parcel that stands there.
func Next(from State, what Fact) (Row, bool) {
	r, ok := next[from][what]
	return r, ok
}

// HoldCancelled is the hold of a parcel that its merchant gave up while it was, or before it came to be, in a compartment: it
// goes back to the merchant when it is due.
const HoldCancelled = "cancelled"

// HoldDeclined is the hold of one that its recipient does not want: it goes back likewise, and they may still change their mind.
const HoldDeclined = "declined"

// Hold is the hold after a row, given the one before.
func (r Row) Hold(before string) string {
	switch {
	case r.What == WasCancelled && r.To != Cancelled, r.From == Cancelled && r.To.Inside():
		return HoldCancelled
	case (r.What == WasDeclined || r.What == WasRefused) && before == "":
		return HoldDeclined
	case r.To == Collected && before == HoldDeclined, r.From == Withdrawn && r.What == WasRedirected: // another try
		return ""
	}
	return before
}

// Drawing is the lifecycle as a Markdown page: a Mermaid diagram and the table.
func Drawing() string {
	var b strings.Builder
	b.WriteString("# A parcel's life\n\nGenerated from the table in package parcel by `go generate ./parcel`; do not edit.\n\n```mermaid\nstateDiagram-v2\n")
	for _, r := range lifecycle {
		if r.From != r.To {
			fmt.Fprintf(&b, "    %s --> %s: %s\n", mermaid(r.From), r.To, r.What)
		}
	}
	b.WriteString("```\n\n| in | what | by | to | proof |\n|---|---|---|---|---|\n")
	for _, r := range lifecycle {
		from := string(r.From)
		if r.From == Nowhere {
			from = "–"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", from, r.What, r.By, r.To, r.Proof)
	}
	return b.String()
}

func mermaid(s State) string {
	if s == Nowhere {
		return "[*]"
	}
	return string(s)
}

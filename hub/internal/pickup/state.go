package pickup

// State is where an order stands. Only Next leads to another.
type State string

const (
	Ordered   State = "ordered"   // the merchant has asked
	Assigned  State = "assigned"  // a courier is to come
	Done      State = "done"      // a courier was there
	Cancelled State = "cancelled" // nobody comes
)

// Waits says whether somebody is still to come.
func (s State) Waits() bool { return s == Ordered || s == Assigned }

// Act is what is done to an order.
type Act string

const (
	Assign Act = "assign"
	Finish Act = "finish"
	Cancel Act = "cancel"
)

// The two who act.
const (
	byMerchant = "merchant"
	byOperator = "operator"
)

// moves are all acts that orders know. One that leads to where the order is already changes nothing.
var moves = []struct {
	from State
	act  Act
	by   string
	to   State
}{
	{Ordered, Cancel, byMerchant, Cancelled}, // once a courier is assigned, the merchant asks the operator
	{Cancelled, Cancel, byMerchant, Cancelled},

	{Ordered, Assign, byOperator, Assigned},
	{Assigned, Assign, byOperator, Assigned},
	{Ordered, Finish, byOperator, Done},
	{Assigned, Finish, byOperator, Done},
	{Done, Finish, byOperator, Done},
	{Ordered, Cancel, byOperator, Cancelled},
	{Assigned, Cancel, byOperator, Cancelled},
	{Cancelled, Cancel, byOperator, Cancelled},
}

// Next is where an act by somebody leads from a state; false where it may not be done.
func Next(from State, act Act, by string) (State, bool) {
	for _, m := range moves {
		if m.from == from && m.act == act && m.by == by {
			return m.to, true
		}
	}
	return from, false
}

// States are all states, in the order of an order's life.
func States() []State { return []State{Ordered, Assigned, Done, Cancelled} }

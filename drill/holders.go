package drill

// Holder is what an attacker has: a line of the table of doors.md, or the part of one that has a bound of its own.
type Holder string

const (
	holdsNetwork  Holder = "the network, end to end"
	holdsHub      Holder = "the hub: code, database, dispatch key"
	holdsUnsealed Holder = "the hub, parcels announced unsealed after the takeover"
	holdsOverdue  Holder = "the hub, overdue parcels of a carrier whose key it keeps"
	holdsNotifier Holder = "the notifier, everything"
	holdsKiosk    Holder = "the kiosk process"
	holdsLink     Holder = "the link process"
	holdsRoot     Holder = "root on the locker's computer"
	holdsCourier  Holder = "a courier's device, a carrier's key"
	holdsStaff    Holder = "a merchant's API key, a console session, one operator's key, a technician's key"
	holdsThree    Holder = "two operators and a technician"
)

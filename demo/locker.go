package demo

import (
	"cmp"

	"lockstep/guard/statement"
)

// lockerOf is each of the demo's lockers: 24 compartments in three sizes on two boards of two families, a line each. The button, the
// case switch and the jumper are spare channels of the first board. A larger front has the same sizes in the same shares, on boards of 48 channels.
func (o Options) lockerOf(id string, guard statement.Key) statement.Locker {
	l := statement.Locker{
		Network: "demo", ID: id, Zone: "Europe/Moscow", Guard: guard, Interlock: true,
		Boards: []statement.Board{{Line: "bus0", Family: "8a", Address: 1, Channels: 24, OpenBit: 0, OpenAnswer: 0x00, LastByteFirst: true}},
		Inputs: statement.Inputs{
			Gate:   &statement.Point{Board: 0, Channel: 22},
			Case:   &statement.Point{Board: 0, Channel: 23},
			Jumper: &statement.Point{Board: 0, Channel: 24},
		},
	}
	further := statement.Board{Line: "bus1", Family: "cu16", Channels: 16, OpenBit: 0, Sensors: true}
	if o.Compartments > 0 {
		further.Family, further.Channels = "cu48", 48
	}
	sizes := []uint8{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3}
	low := map[int]bool{7: true, 8: true, 9: true, 17: true, 18: true, 22: true, 23: true}
	for i := range cmp.Or(o.Compartments, len(sizes)) {
		kind := i % len(sizes)
		c := statement.Compartment{Number: uint16(i + 1), Size: sizes[kind], Low: low[kind], Board: 0, Channel: uint8(i + 1)}
		if beyond := i - 14; beyond >= 0 {
			c.Board, c.Channel = uint8(1+beyond/int(further.Channels)), uint8(beyond%int(further.Channels)+1)
		}
		if int(c.Board) == len(l.Boards) {
			further.Address = c.Board - 1
			l.Boards = append(l.Boards, further)
		}
		l.Compartments = append(l.Compartments, c)
	}
	return l
}

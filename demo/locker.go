package demo

import "lockstep/guard/statement"

// lockerOf is each of the demo's lockers: 24 compartments in three sizes on two boards of two families, a line each. The button, the
// case switch and the jumper are spare channels of the first board.
func lockerOf(id string, guard statement.Key) statement.Locker {
	l := statement.Locker{
		Network: "demo", ID: id, Zone: "Europe/Moscow", Guard: guard, Interlock: true,
		Boards: []statement.Board{
			{Line: "bus0", Family: "8a", Address: 1, Channels: 24, OpenBit: 0, OpenAnswer: 0x00, LastByteFirst: true},
			{Line: "bus1", Family: "cu16", Address: 0, Channels: 16, OpenBit: 0, Sensors: true},
		},
		Inputs: statement.Inputs{
			Gate:   &statement.Point{Board: 0, Channel: 22},
			Case:   &statement.Point{Board: 0, Channel: 23},
			Jumper: &statement.Point{Board: 0, Channel: 24},
		},
	}
	sizes := []uint8{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3}
	low := map[uint16]bool{8: true, 9: true, 10: true, 18: true, 19: true, 23: true, 24: true}
	for i, size := range sizes {
		number := uint16(i + 1)
		c := statement.Compartment{Number: number, Size: size, Low: low[number], Board: 0, Channel: uint8(i + 1)}
		if i >= 14 {
			c.Board, c.Channel = 1, uint8(i-13)
		}
		l.Compartments = append(l.Compartments, c)
	}
	return l
}

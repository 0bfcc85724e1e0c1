package statement_test

import (
	"testing"

	"lockstep/guard/statement"
)

// Two boards that answered to one address could not be told apart: neither their doors nor their button.
func TestEveryBoardHasAnAddressOfItsOwn(t *testing.T) {
	boards := func(second statement.Board) statement.Locker {
		return statement.Locker{Network: "n", ID: "l1", Zone: "UTC", Guard: newSigner(t).Key(),
			Boards:       []statement.Board{{Line: "bus0", Family: "cu48", Address: 2, Channels: 48}, second},
			Compartments: []statement.Compartment{{Number: 1, Size: 1, Channel: 1}, {Number: 2, Size: 1, Board: 1, Channel: 1}},
			Inputs:       statement.Inputs{Gate: &statement.Point{Channel: 48}}}
	}
	for name, tt := range map[string]struct {
		second  statement.Board
		refused bool
	}{
		"another address":             {statement.Board{Line: "bus0", Family: "cu48", Address: 3, Channels: 48}, false},
		"another line":                {statement.Board{Line: "bus1", Family: "cu48", Address: 2, Channels: 48}, false},
		"the same":                    {statement.Board{Line: "bus0", Family: "cu48", Address: 2, Channels: 48}, true},
		"the same, of another family": {statement.Board{Line: "bus0", Family: "cu16", Address: 2, Channels: 16}, true},
	} {
		if err := boards(tt.second).Check(); (err != nil) != tt.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package db_test

import (
	"fmt"
	"slices"
	"testing"

	"lockstep/internal/db"
)

func TestLists(t *testing.T) {
	for _, row := range []struct{ texts, want []string }{
		{nil, nil},
		{[]string{"", "abcd", "a\x00", "\xff"}, nil},
		{[]string{"b", "abc", "b"}, []string{"abcb  "}},
		{[]string{"жж"}, []string{"жж "}},
	} {
		if got := db.Lists(3, row.texts); !slices.Equal(got, row.want) {
			t.Errorf("%q: %q, want %q", row.texts, got, row.want)
		}
	}
	var many []string
	for i := range 1001 {
		many = append(many, fmt.Sprintf("%04d", i))
	}
	if got := db.Lists(4, many); len(got) != 3 || len(got[0]) != 2000 || got[2] != "1000" || many[0] != "0000" {
		t.Errorf("%d lists", len(got))
	}
}

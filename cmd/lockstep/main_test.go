package main

import (
	"slices"
	"testing"
)

func TestFlagsWithOneDash(t *testing.T) {
	got := longFlags([]string{"demo", "-script", "--port", "-1", "-h", "-dir=/x", "hub.db"})
	want := []string{"demo", "--script", "--port", "-1", "-h", "--dir=/x", "hub.db"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

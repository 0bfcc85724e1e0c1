package api

import (
	"testing"

	"lockstep/internal/fault"
)

// FuzzCursor: a cursor that is taken back is one that was given out, for the same list; what an id may be reaches a database as it is.
func FuzzCursor(f *testing.F) {
	f.Add("parcels", cursor("parcels", "200010000018"), "0199c0de.a-b_c")
	f.Add("parcels", cursor("shipments", "s1"), "\x00")
	f.Add("events", "ZXZlbnRzOjE\n", "a\n")
	f.Add("parcels", "cGFyY2VsczoyMDAwMTAwMDAwMTF", "a") // bits beyond the last byte
	f.Fuzz(func(t *testing.T, kind, given, text string) {
		last, err := after(kind, given)
		if err == nil && last != "" && (cursor(kind, last) != given || known(last, "x", "x") != nil) {
			t.Fatalf("%q of %q is taken for %q", given, kind, last)
		}
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Fatal(err)
		}
		if known(text, "x", "x") == nil {
			if back, err := after(kind, cursor(kind, text)); err != nil || back != text {
				t.Fatalf("%q comes back as %q, %v", text, back, err)
			}
			if clean(text) != nil {
				t.Fatalf("%q is an id, and no database would keep it", text)
			}
		}
	})
}

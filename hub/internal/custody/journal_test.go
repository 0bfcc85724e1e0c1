package custody_test

import (
	"bytes"
	"testing"

	"lockstep/audit"
	"lockstep/guard/statement"
)

// TestJournal: what the hub writes of a guard's journal, an audit finds whole.
func TestJournal(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		r := h.real("r1")
		r.upload() // a heartbeat
		key := h.network.Carrier.Key().ID()
		for range 2 {
			number := r.state.Down + 1
			r.judge(number, h.sign(statement.Restriction{Locker: "r1", Number: number, Kind: statement.Revoke, Carrier: "house", Courier: &key, At: h.clock().UnixMicro()}))
			r.upload()
		}
		var file bytes.Buffer
		if err := h.custody.Journal(t.Context(), "r1", 1, &file); err != nil {
			t.Fatal(err)
		}
		read, err := audit.Read("r1", file.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		report, err := audit.Audit([]statement.Charter{h.network.Charter}, []audit.File{read}, audit.Query{Locker: "r1"})
		if err != nil || !report.Sound || report.Records.Last != uint64(len(r.records)) {
			t.Errorf("%d of %d records: %+v, %v", report.Records.Last, len(r.records), report.Findings, err)
		}
		file.Reset()
		if err := h.custody.Journal(t.Context(), "r1", 2, &file); err != nil || file.Len() > 0 {
			t.Errorf("of a guard that there never was: %d bytes, %v", file.Len(), err)
		}
	})
}

// sign is a statement as dispatch signs it.
func (h *hub) sign(s statement.Statement) []byte {
	h.t.Helper()
	envelope, err := statement.Sign(h.network.Dispatch, s)
	if err != nil {
		h.t.Fatal(err)
	}
	return envelope
}

package ledger

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"lockstep/ceremony"
	"lockstep/internal/db"
	"lockstep/notifier/internal/chaintest"
)

// Erased is gone from the SQLite file and its log too, not only from its table: also while the notifier has them open.
func TestForgottenIsGoneFromTheFile(t *testing.T) {
	network, err := ceremony.NewDevelopment("test")
	must(t, err)
	path, barcode := filepath.Join(t.TempDir(), "notifier.db"), chaintest.Barcode(1)
	sealed := chaintest.SealContact(t, network, anna, barcode)
	running, err := db.Open(t.Context(), path)
	must(t, err)
	defer running.Close()
	openBook(t, running, network)
	with := func(do func(*Ledger) error) []byte {
		d, err := db.Open(t.Context(), path)
		must(t, err)
		must(t, do(openBook(t, d, network)))
		must(t, d.Close())
		data, err := os.ReadFile(path)
		must(t, err)
		log, err := os.ReadFile(path + "-wal")
		must(t, err)
		return append(data, log...)
	}
	pinned := with(func(l *Ledger) error {
		_, err := l.Pin(t.Context(), Announced{Barcode: barcode, Sealed: sealed, Merchant: "m", Shipment: "s1"}, start)
		return err
	})
	if !bytes.Contains(pinned, sealed) {
		t.Fatal("the search does not find what is there")
	}
	forgotten := with(func(l *Ledger) error { return l.Forget(t.Context(), barcode, start) })
	if bytes.Contains(forgotten, sealed[len(sealed)-64:]) {
		t.Error("the contact's ciphertext is still in the file")
	}
}

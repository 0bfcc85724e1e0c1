package pickpoint_test

import (
	"crypto/ed25519"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lockstep/guard/statement"
	"lockstep/internal/courier"
	"lockstep/internal/fault"
)

// handheld is a house courier's phone.
type handheld struct {
	d           *desk
	by          courier.Courier
	private     ed25519.PrivateKey
	certificate []byte
}

func (d *desk) handheld(id string) handheld {
	d.Helper()
	seed := statement.NewSeed()
	signer, err := statement.SignerFromSeed(seed)
	if err != nil {
		d.Fatal(err)
	}
	now := d.now.UnixMicro()
	certificate, err := statement.Sign(d.network.Carrier, statement.Courier{Carrier: "house", ID: id, Key: signer.Key(), Lockers: []string{"*"}, Deposit: true, From: now - 1, Until: now + 7*24*3600*1e6})
	if err != nil {
		d.Fatal(err)
	}
	return handheld{d, courier.Courier{ID: id, Carrier: "house"}, ed25519.NewKeyFromSeed(seed), certificate}
}

// says signs a word about an act.
func (h handheld) says(act string, barcodes ...string) courier.Word {
	number, _ := strconv.ParseInt(act, 10, 64)
	slices.Sort(barcodes)
	at := h.d.now.UnixMicro()
	return courier.Word{Act: number, At: at, Barcodes: barcodes, Proof: ed25519.Sign(h.private, courier.ActMessage(number, at, barcodes)), Certificate: h.certificate}
}

// A courier takes what is there. What is missing is on the act no more, and their signed word stays with it.
func TestACourierTakesWhatIsOnAnAct(t *testing.T) {
	each(t, func(d *desk) {
		first, barcode1 := d.one(invoice())
		second, barcode2 := d.one(invoice(`order-1`, `order-2`))
		third, barcode3 := d.one(invoice(`order-1`, `order-3`))
		var made struct{ Numbers []string }
		d.into(d.raw("POST", "/api/makereestrnumber", d.with(`"Invoices":["`+first+`","`+second+`"]`)), &made)
		number := made.Numbers[0]
		d.raw("POST", "/api/makereestrnumber", d.with(`"Invoices":["`+third+`"]`))

		open, err := d.handovers.Open(d.Context(), "house")
		if err != nil || len(open) != 2 || open[1].Merchant != "Лавка" || fmt.Sprint(open[1].Shipments) != fmt.Sprint([][]string{{barcode1}, {barcode2}}) {
			d.Fatalf("%+v, %v", open, err)
		}
		if foreign, err := d.handovers.Open(d.Context(), "swift"); err != nil || len(foreign) != 0 {
			d.Errorf("%+v, %v", foreign, err)
		}
		for _, code := range []string{number, barcode1, barcode2} {
			if a, err := d.handovers.Scanned(d.Context(), "house", code); err != nil || strconv.FormatInt(a.Number, 10) != number {
				d.Errorf("%s: %+v, %v", code, a, err)
			}
			if _, err := d.handovers.Scanned(d.Context(), "swift", code); fault.KindOf(err) != fault.NotFound {
				d.Errorf("another carrier finds %s: %v", code, err)
			}
		}
		if _, err := d.handovers.Scanned(d.Context(), "house", "1e9"); fault.KindOf(err) != fault.NotFound {
			d.Error(err)
		}

		phone, other := d.handheld("anna"), d.handheld("boris")
		refuse := func(name, code string, by courier.Courier, w courier.Word) {
			d.Helper()
			_, err := d.handovers.AcceptScanned(d.Context(), by, w)
			if got, _ := fault.Public(err); err == nil || got != code {
				d.Errorf("%s: %v", name, err)
			}
		}
		swift := phone.by
		swift.Carrier = "swift"
		refuse("another's parcel", "not_in_act", phone.by, phone.says(number, barcode1, barcode3))
		refuse("another courier's word", "bad_proof", phone.by, other.says(number, barcode1))
		refuse("another carrier's courier", "bad_proof", swift, phone.says(number, barcode1))
		refuse("no such act", "unknown_act", phone.by, phone.says("1", barcode1))
		old := phone.says(number, barcode1)
		old.At -= 1000
		refuse("of another time", "bad_proof", phone.by, old)

		word := phone.says(number, barcode1)
		for range 2 { // sent again: the first answer was lost
			a, err := d.handovers.AcceptScanned(d.Context(), phone.by, word)
			if err != nil || a.Accepted == 0 || fmt.Sprint(a.Shipments) != fmt.Sprint([][]string{{barcode1}}) {
				d.Fatalf("%+v, %v", a, err)
			}
		}
		refuse("a second word", "accepted", other.by, other.says(number, barcode1))
		if a, err := d.handovers.Act(d.Context(), "", word.Act); err != nil || a.Actor != "courier house/anna" || !strings.Contains(a.Word, barcode1) {
			d.Errorf("%+v, %v", a, err)
		}
		if got := d.states(second); !slices.Equal(got, []int{101}) {
			d.Errorf("what was not taken is %v", got)
		}
		if again := string(d.raw("POST", "/api/makereestrnumber", d.with(`"Invoices":["`+second+`"]`))); !strings.Contains(again, `"Numbers":["1`) {
			d.Errorf("it cannot be handed over another time: %s", again)
		}
		if differences, err := d.handovers.Check(d.Context()); err != nil || len(differences) != 0 {
			d.Errorf("%v, %v", differences, err)
		}
		err = d.handovers.DB.Tx(d.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(d.Context(), "UPDATE handover SET word = replace(word, $1, $2) WHERE number = $3", barcode1, barcode2, word.Act)
			return err
		})
		if err != nil {
			d.Fatal(err)
		}
		if differences, err := d.handovers.Check(d.Context()); err != nil || len(differences) != 1 {
			d.Errorf("a changed word: %v, %v", differences, err)
		}
	})
}

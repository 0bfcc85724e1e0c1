package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
)

// What a shipment costs is announced, asked for by the payment service alone, and paid with its key's word.
func TestCashOnDelivery(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		dear := strings.Replace(small, `"locker"`, `"cash_on_delivery":{"amount":129000,"currency":"RUB"},"locker"`, 1)
		made := b.announce("dear", dear)
		if made.status != 201 || made.field(t, "cash_on_delivery.amount") != "129000" || made.field(t, "cash_on_delivery.currency") != "RUB" {
			t.Fatalf("%d %s", made.status, made.body)
		}
		free := b.one()
		barcode := made.field(t, "parcels.0.barcode")
		token, err := b.accounts.NewServiceToken(t.Context(), account.Payments)
		must(t, err)
		for what, key := range map[string]string{"nobody": "", "a merchant": b.key, "the notifier": b.notifier} {
			for _, path := range []string{"charges/" + barcode, "misaddressed"} {
				if got := b.do("GET", "/payment/v1/"+path, key, ""); got.status != 401 || strings.Contains(string(got.body), "129000") {
					t.Errorf("%s asks %s: %d %s", what, path, got.status, got.body)
				}
			}
		}
		charge := b.do("GET", "/payment/v1/charges/"+barcode, token.Reveal(), "")
		if charge.status != 200 || charge.field(t, "amount") != "129000" || charge.field(t, "paid") != "0" || charge.field(t, "parcels.0.locker") != "l1" {
			t.Fatalf("%d %s", charge.status, charge.body)
		}
		for path, status := range map[string]int{"charges/" + free.field(t, "parcels.0.barcode"): 409, "charges/200010009994": 404, "charges/a%20b": 404} {
			if got := b.do("GET", "/payment/v1/"+path, token.Reveal(), ""); got.status != status {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
		}
		pay := func(key string, signer *statement.Signer) answer {
			word, err := statement.Sign(signer, statement.Paid{Locker: "l1", Barcode: barcode, Amount: 129000, Currency: "RUB", At: time.Now().UnixMicro(), Reference: "p-1"})
			must(t, err)
			body, err := json.Marshal(map[string]any{"envelopes": [][]byte{word}})
			must(t, err)
			return b.do("POST", "/payment/v1/payments", key, string(body))
		}
		if got := pay(b.key, b.network.Payment); got.status != 401 {
			t.Errorf("a merchant pays: %d %s", got.status, got.body)
		}
		if got := pay(token.Reveal(), b.network.Dispatch); got.status != 401 && got.status != 403 {
			t.Errorf("dispatch's word: %d %s", got.status, got.body)
		}
		if got := b.get("/v1/shipments/" + made.field(t, "id")); strings.Contains(string(got.body), `"paid"`) {
			t.Errorf("paid by nobody: %s", got.body)
		}
		if got := pay(token.Reveal(), b.network.Payment); got.status != 200 || got.field(t, "paid") == "0" {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if got := b.get("/v1/shipments/" + made.field(t, "id")); got.field(t, "paid") == "" {
			t.Errorf("%s", got.body)
		}
		for what, cod := range map[string]string{"nothing": `{"amount":0,"currency":"RUB"}`, "below nothing": `{"amount":-1,"currency":"RUB"}`, "a fraction": `{"amount":1.5,"currency":"RUB"}`,
			"no currency": `{"amount":1}`, "an odd one": `{"amount":1,"currency":"rub"}`, "too much": `{"amount":100000000001,"currency":"RUB"}`} {
			body := strings.Replace(small, `"locker"`, fmt.Sprintf(`"cash_on_delivery":%s,"locker"`, cod), 1)
			if got := b.announce("odd "+what, body); got.status != 422 {
				t.Errorf("%s: %d %s", what, got.status, got.body)
			}
		}
	})
}

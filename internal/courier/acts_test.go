package courier_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lockstep/internal/courier"
)

func TestAnActIsTakenByScanning(t *testing.T) {
	r := newPages(t, "")
	w := walk{t, newBrowser(t)}
	w.enrols(r)
	w.tap("Hand-over")
	w.sees("acts", "Шляпы & Ко", "Act no. 10000002, Москва", "parcels: 3", "Книги")
	w.submit(barcode(9))
	w.sees("acts", "Your carrier has no such act")
	w.submit("10000002")
	w.sees("act", "Шляпы & Ко", "0 of 3 scanned")
	w.submit(barcode(1))
	w.sees("act", "1 of 3 scanned", "Missing: 2", "Leave these with the merchant too", inFours(barcode(1)))
	if can := in[bool](w, `[...document.querySelectorAll("button")].some((b) => /^(All|Take)/.test(b.innerText))`); can {
		t.Error("half a shipment can be taken")
	}
	w.submit(barcode(3))
	w.sees("act", "2 of 3 scanned", "Missing: 1", "Take 1 without them")
	w.open(r.server.URL + "/courier/?again") // the phone died and came back
	w.sees("home")
	w.tap("Hand-over")
	w.sees("acts", "Шляпы")
	w.tap("Шляпы")
	w.sees("act", "2 of 3 scanned")
	w.submit(barcode(2))
	w.sees("act", "3 of 3 scanned", "All here: take 3")
	w.tap("All here")
	w.sees("acts", "Taken. The merchant sees it.")
	want := []string{barcode(1), barcode(2), barcode(3)}
	if len(r.words) != 1 || r.words[0].Act != 10000002 || !slices.Equal(r.words[0].Barcodes, want) {
		t.Fatalf("the word is %+v", r.words)
	}

	offline(w, true)
	w.tap("Книги")
	w.sees("act", "0 of 1 scanned")
	w.submit(barcode(6))
	w.sees("act", "All here: take 1")
	w.tap("All here")
	w.sees("acts", "sent as soon as there is a signal", "Taken, and waits for a signal")
	if len(r.words) != 1 {
		t.Fatal("a word came without a signal")
	}
	offline(w, false)
	w.tap("Back")
	w.sees("home")
	w.tap("Refresh")
	w.until(`import("/courier/store.js").then((s) => s.get("words")).then((words) => words.length === 0)`)
	if len(r.words) != 2 || r.words[1].Act != 10000001 {
		t.Fatalf("the words are %+v", r.words)
	}
}

// offline cuts what the page asks, or mends it.
func offline(w walk, cut bool) {
	w.Helper()
	in[bool](w, fmt.Sprintf(`(globalThis.line ??= fetch, globalThis.fetch = %t ? () => Promise.reject(new TypeError("cut off")) : line, true)`, cut))
}

// A word is its courier's, about these parcels and no others, and of the time of its certificate.
func TestAWordIsVerified(t *testing.T) {
	r := newPages(t, "")
	p, c := r.enrol(t, "c-17")
	at := r.now.UnixMicro()
	good := func() courier.Word {
		list := []string{barcode(1), barcode(2)}
		return courier.Word{Act: 10000002, At: at, Barcodes: list, Proof: p.sign(t, courier.ActMessage(10000002, at, list)), Certificate: c.Certificate}
	}
	if by, err := good().Verify(r.network.Charter); err != nil || by.ID != "c-17" {
		t.Fatalf("%+v, %v", by, err)
	}
	for name, spoil := range map[string]func(*courier.Word){
		"another act": func(w *courier.Word) { w.Act++ }, "another time": func(w *courier.Word) { w.At++ }, "one parcel less": func(w *courier.Word) { w.Barcodes = w.Barcodes[:1] },
		"no parcel": func(w *courier.Word) { w.Barcodes = nil }, "a parcel twice": func(w *courier.Word) { w.Barcodes = []string{barcode(1), barcode(1)} }, "no order": func(w *courier.Word) { slices.Reverse(w.Barcodes) },
		"no barcode": func(w *courier.Word) { w.Barcodes = []string{"1 2"} }, "no certificate": func(w *courier.Word) { w.Certificate = nil }, "another phone": func(w *courier.Word) {
			w.Proof = newPhone(t).sign(t, courier.ActMessage(w.Act, w.At, w.Barcodes))
		}, "after its certificate": func(w *courier.Word) {
			w.At = c.Until + 1
			w.Proof = p.sign(t, courier.ActMessage(w.Act, w.At, w.Barcodes))
		},
	} {
		w := good()
		spoil(&w)
		if _, err := w.Verify(r.network.Charter); err == nil {
			t.Errorf("%s is believed", name)
		}
	}

	path := "/courier/v1/acts/10000002"
	body := fmt.Sprintf(`{"act":10000002,"at":%d,"barcodes":[%q],"more":1}`, at, barcode(1))
	for name, said := range map[string]any{"unknown field": body, "nobody's": courier.Word{Act: 10000002, At: at, Barcodes: []string{barcode(1)}}, "too long": strings.Repeat(" ", courier.MaxWord+1)} {
		if answer, text := r.call(t, http.MethodPost, path, p.asksFor(t, http.MethodPost, path, "c-17", r.now), said); answer.StatusCode != 422 && answer.StatusCode != 403 {
			t.Errorf("%s: %d %s", name, answer.StatusCode, text)
		}
	}
	if answer, text := r.call(t, http.MethodPost, path, nil, good()); answer.StatusCode != 403 || len(r.words) != 0 {
		t.Errorf("handed on by nobody: %d %s", answer.StatusCode, text)
	}
	if answer, text := r.call(t, http.MethodPost, path, p.asksFor(t, http.MethodPost, path, "c-17", r.now), good()); answer.StatusCode != 200 || len(r.words) != 1 {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
}

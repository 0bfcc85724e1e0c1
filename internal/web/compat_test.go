package web_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/internal/base45"
	"lockstep/internal/debian"
	"lockstep/internal/web"
)

type request struct {
	Answers     []answer `json:"answers"`
	Plain       []string `json:"plain"`
	Texts       []string `json:"texts"`
	CBOR        []string `json:"cbor"`
	Challenge   string   `json:"challenge"`
	Guards      []string `json:"guards"` // keys that the challenge may be signed with: the first is
	Head        string   `json:"head"`
	Certificate string   `json:"certificate"`
	Barcodes    []string `json:"barcodes"`
}

type answer struct {
	Locker      string         `json:"locker"`
	Nonce       string         `json:"nonce"`
	Number      uint32         `json:"number"`
	Want        statement.Want `json:"want"`
	Barcode     string         `json:"barcode,omitempty"`
	Size        uint8          `json:"size,omitempty"`
	Certificate string         `json:"certificate,omitempty"`
}

type said struct {
	Key         string         `json:"key"`
	Answers     []string       `json:"answers"`
	Encoded     []string       `json:"encoded"`
	Decoded     []*string      `json:"decoded"`
	Again       []*string      `json:"again"`
	Challenge   map[string]any `json:"challenge"`
	Verified    []bool         `json:"verified"`
	Head        map[string]any `json:"head"`
	Certificate map[string]any `json:"certificate"`
	Swapped     any            `json:"swapped"`
	Barcodes    []bool         `json:"barcodes"`
}

// ask runs our modules under node.
func ask(t *testing.T, q request) said {
	t.Helper()
	node := debian.Program(t, "node", "nodejs")
	dir := t.TempDir()
	if err := os.CopyFS(dir, web.Assets()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"type":"module"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	var out, complaint bytes.Buffer
	command := exec.Command(node, "testdata/compat.mjs", dir)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(in), &out, &complaint
	if err := command.Run(); err != nil {
		t.Fatalf("node: %v\n%s", err, complaint.String())
	}
	var reply said
	if err := json.Unmarshal(out.Bytes(), &reply); err != nil {
		t.Fatal(err)
	}
	return reply
}

var barcode = "46001000001" + string(statement.GS1CheckDigit("46001000001"))

type probe struct {
	Whole int64             `cbor:"1,keyasint"`
	Text  string            `cbor:"2,keyasint"`
	Bytes []byte            `cbor:"3,keyasint,omitempty"`
	Many  []uint64          `cbor:"300,keyasint,omitempty"`
	Named map[string]bool   `cbor:"-1,keyasint,omitempty"`
	Deep  [][]map[int64]int `cbor:"70000,keyasint,omitempty"`
}

var probes = []probe{
	{}, {Whole: -1, Text: "Дверца № 7", Bytes: []byte{0, 255}},
	{Whole: math.MinInt64, Many: []uint64{0, 23, 24, 255, 256, 65535, 65536, 1<<32 - 1, 1 << 32, 1<<53 - 1, 1 << 53, 1<<53 + 1, math.MaxUint64}},
	{Whole: math.MaxInt64, Named: map[string]bool{"a": true, "b": false, "aa": true, "": false}, Deep: [][]map[int64]int{{{-500: 1, 10: 2, -1: 3, 100: 4}}}},
}

// refused is CBOR that package statement does not read: each is one way in which another encoding would say the same.
var refused = []string{
	"", "1800", "190017", "1a0000ffff", "1b00000000ffffffff", "3817", "5800", "5f4101ff", "9f01ff", "bf0101ff", "a201010102", "a202010101",
	"a2616101616102", "c11a514b67b0", "f90000", "fb3ff0000000000000", "f6", "f7", "f800", "61ff", "0000", "42ff", "8201", "81818181818181818101", "ff", "1c",
}

// untyped is CBOR that package statement reads into an any, but into no field of a statement.
var untyped = map[string]bool{"f6": true, "f7": true, "f90000": true}

func TestBrowserModulesAgreeWithPackageStatement(t *testing.T) {
	network, err := ceremony.NewDevelopment("test")
	if err != nil {
		t.Fatal(err)
	}
	sign := func(s statement.Statement) []byte {
		t.Helper()
		envelope, err := statement.Sign(network.Carrier, s)
		if err != nil {
			t.Fatal(err)
		}
		return envelope
	}
	nonce := statement.Nonce{0xde, 0xad, 15: 1}
	certificate := sign(statement.Courier{Carrier: "house", ID: "c-17", Key: network.Dispatch.Key(), Lockers: []string{"*"}, Deposit: true, From: 1_795_000_000e6, Until: 1_795_000_000e6 + 1})
	q := request{
		Answers: []answer{
			{Locker: "l1", Nonce: hex.EncodeToString(nonce[:]), Number: 1, Want: statement.WantDeposit, Barcode: barcode, Certificate: hex.EncodeToString(certificate)},
			{Locker: "l1", Nonce: hex.EncodeToString(nonce[:]), Number: 70000, Want: statement.WantLarger, Barcode: barcode, Size: 3},
			{Locker: "l1", Nonce: hex.EncodeToString(nonce[:]), Number: math.MaxUint32, Want: statement.WantReceipt},
		},
		Texts:       []string{"", "BB8", "%69 VD92EX0", "A", "ABCD", "GGX", "::", "bb8", "BB8\n", "FGW", "Z: "},
		Challenge:   "LSQ:" + base45.Encode(sign(statement.Challenge{Locker: "l1", Boot: 1 << 60, Counter: 7, Nonce: nonce, Purpose: statement.ForCourier})),
		Head:        "LSR:" + base45.Encode(sign(statement.Head{Locker: "l1", Boot: 3, Position: 812, Hash: statement.Hash{9}, Low: 1_795_000_000e6})),
		Certificate: hex.EncodeToString(certificate),
		Barcodes:    []string{barcode, "460010000010", "46001000001", "4600100000170", "46001000001a", "000000000000"},
	}
	swapped := network.Carrier.Key()
	swapped.Alg = statement.ES256
	for _, key := range []statement.Key{network.Carrier.Key(), network.Dispatch.Key(), swapped} {
		q.Guards = append(q.Guards, hex.EncodeToString(statement.Encode(key)))
	}
	q.Guards = append(q.Guards, "a0")
	for n := range 40 {
		q.Plain = append(q.Plain, hex.EncodeToString(bytes.Repeat([]byte{byte(n * 37), byte(255 - n)}, n)[:n]))
	}
	for _, p := range probes {
		q.CBOR = append(q.CBOR, hex.EncodeToString(statement.Encode(p)))
	}
	q.CBOR = append(q.CBOR, refused...)
	reply := ask(t, q)
	checkBase45(t, q, reply)
	checkCBOR(t, q, reply)
	checkAnswers(t, q, reply)
	checkReading(t, q, reply)
	if want := []bool{true, false, false, false}; !slices.Equal(reply.Verified, want) {
		t.Errorf("the challenge is signed with %v, want %v", reply.Verified, want)
	}
}

func checkBase45(t *testing.T, q request, reply said) {
	for i, plain := range q.Plain {
		data, _ := hex.DecodeString(plain)
		if want := base45.Encode(data); reply.Encoded[i] != want {
			t.Errorf("base45 of %s: %q, want %q", plain, reply.Encoded[i], want)
		}
	}
	for i, text := range q.Texts {
		want, err := base45.Decode(text)
		got := reply.Decoded[i]
		if (err == nil) != (got != nil) || err == nil && *got != hex.EncodeToString(want) {
			t.Errorf("base45 text %q: Go says %x, %v; JavaScript %v", text, want, err, got)
		}
	}
}

func checkCBOR(t *testing.T, q request, reply said) {
	for i, data := range q.CBOR {
		again := reply.Again[i]
		switch {
		case i < len(probes) && (again == nil || *again != data):
			t.Errorf("CBOR %s came back as %v", data, again)
		case i >= len(probes) && again != nil:
			t.Errorf("CBOR %s was read", data)
		}
		raw, _ := hex.DecodeString(data)
		var v any
		if i >= len(probes) && !untyped[data] && statement.Decode(raw, &v) == nil {
			t.Errorf("package statement reads %s: the list of refused CBOR is wrong", data)
		}
	}
}

func checkAnswers(t *testing.T, q request, reply said) {
	public, err := hex.DecodeString(reply.Key)
	if err != nil {
		t.Fatal(err)
	}
	key := statement.Key{Alg: statement.ES256, Public: public}
	for i, text := range reply.Answers {
		data, err := base45.Decode(strings.TrimPrefix(text, "LSA:"))
		if err != nil {
			t.Fatal(err)
		}
		var p statement.Presentation
		if err := statement.Decode(data, &p); err != nil {
			t.Fatal(err)
		}
		got, _, err := statement.Verify[statement.Answer](p.Answer, func(id statement.KeyID) (statement.Key, bool) { return key, id == key.ID() })
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		asked := q.Answers[i]
		nonce, _ := hex.DecodeString(asked.Nonce)
		want := statement.Answer{Locker: asked.Locker, Nonce: statement.Nonce(nonce), Number: asked.Number, Want: asked.Want, Barcode: asked.Barcode, Size: asked.Size}
		if got != want || hex.EncodeToString(p.Certificate) != asked.Certificate {
			t.Errorf("answer %d says %+v, want %+v", i, got, want)
		}
		t.Logf("answer %d: a QR text of %d characters", i, len(text))
	}
}

func checkReading(t *testing.T, q request, reply said) {
	if c := reply.Challenge; c == nil || c["locker"] != "l1" || c["nonce"] != q.Answers[0].Nonce || c["boot"] != "1152921504606846976" {
		t.Errorf("the challenge reads %v", c)
	}
	if h := reply.Head; h == nil || h["locker"] != "l1" || h["position"] != 812.0 || h["low"] != 1_795_000_000e6 {
		t.Errorf("the head reads %v", h)
	}
	if c := reply.Certificate; c == nil || c["id"] != "c-17" || c["until"] != 1_795_000_000e6+1 {
		t.Errorf("the certificate reads %v", c)
	}
	if reply.Swapped != nil {
		t.Errorf("a head was read as a challenge: %v", reply.Swapped)
	}
	for i, barcode := range q.Barcodes {
		if want := statement.CheckBarcode(barcode) == nil; reply.Barcodes[i] != want {
			t.Errorf("barcode %s: JavaScript says %v, Go %v", barcode, reply.Barcodes[i], want)
		}
	}
}

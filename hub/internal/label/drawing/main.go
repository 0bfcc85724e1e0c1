// Command drawing writes the label that the README shows.
package main

import (
	"log"
	"os"
	"time"

	"lockstep/hub/internal/label"
	"lockstep/parcel"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: drawing FILE")
	}
	svg, err := label.SVG(shown())
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[1], svg, 0o644); err != nil {
		log.Fatal(err)
	}
}

// shown has a prefix of 952, which GS1 keeps for examples.
func shown() label.Label {
	const barcode = "200010000421"
	return label.Label{Barcode: barcode, SSCC: parcel.GS1Prefix("9521234").SSCC(barcode), Size: parcel.Medium, Place: 1, Of: 2, LockerID: "msk-0042",
		LockerName: "Постамат у метро «Чистые пруды»", LockerAddress: "Москва, Мясницкая улица, дом 24/7, строение 1, вход со двора",
		Merchant: "Книжная лавка", Reference: "ORDER-2026-000117", WeightG: 850, Made: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
}

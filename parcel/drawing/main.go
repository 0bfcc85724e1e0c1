// Command drawing writes the page that shows a parcel's life.
package main

import (
	"log"
	"os"

	"lockstep/parcel"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: drawing FILE")
	}
	if err := os.WriteFile(os.Args[1], []byte(parcel.Drawing()), 0o644); err != nil {
		log.Fatal(err)
	}
}

package journal

import (
	"bytes"
	"crypto/sha256"
	"errors"
)

// saltSize is how many random bytes stand before a private part, so that its hash tells nothing.
const saltSize = 16

// Seal makes an entry of a record and its private data. The record must be complete but for its Private field.
func Seal(r Record, salt [saltSize]byte, data []byte) Entry {
	private := append(salt[:], data...)
	sum := sha256.Sum256(private)
	r.Private = sum[:]
	return Entry{r, private}
}

// Data is an entry's private data without its salt, nil where it has none.
func (e Entry) Data() []byte {
	if len(e.Private) < saltSize {
		return nil
	}
	return e.Private[saltSize:]
}

func checkPrivate(r Record, private []byte) error {
	if len(r.Private) == 0 && len(private) == 0 {
		return nil
	}
	sum := sha256.Sum256(private)
	if len(private) < saltSize || !bytes.Equal(sum[:], r.Private) {
		return errors.New("a private part that does not have its hash")
	}
	return nil
}

package statement

// Bundle is several envelopes over one payload, as they are kept in one file.
type Bundle struct {
	Envelopes [][]byte `cbor:"1,keyasint"`
}

// Encode is the content of a bundle's file.
func (b Bundle) Encode() []byte { return encode(b) }

// DecodeBundle reads a bundle's file.
func DecodeBundle(data []byte) (Bundle, error) {
	var b Bundle
	if len(data) > maxHolders*MaxSize {
		return b, refuse("size", "a bundle of %d bytes", len(data))
	}
	return b, Decode(data, &b)
}

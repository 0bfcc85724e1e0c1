package rules

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"lockstep/guard/statement"
)

const (
	graceTime     = 3 * Minute
	graceOpenings = 2
	keypadWindow  = Day
)

// entropy is the randomness of one event, stretched.
type entropy struct {
	seed [32]byte
	used uint64
}

func (e *entropy) next() [32]byte {
	e.used++
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], e.used)
	mac := hmac.New(sha256.New, e.seed[:])
	mac.Write(counter[:])
	return [32]byte(mac.Sum(nil))
}

// digits draws eight of them. 2⁶⁴ is so much larger than 10⁸ that the remainder's bias is below 10⁻¹¹.
func (e *entropy) digits() string {
	block := e.next()
	return fmt.Sprintf("%08d", binary.BigEndian.Uint64(block[:8])%1e8)
}

func (e *entropy) sixteen() [16]byte {
	block := e.next()
	return [16]byte(block[:16])
}

// mac is what the guard keeps of a credential: nothing that could be typed or shown again without its key.
func (r *Rules) mac(purpose string, credential []byte) MAC {
	m := hmac.New(sha256.New, r.Key[:])
	m.Write([]byte(purpose))
	m.Write([]byte{0})
	m.Write(credential)
	return MAC(m.Sum(nil))
}

// newCode draws a code that no compartment has and none had in the last 30 powered days.
func (r *Rules) newCode(f *Facts, e *entropy) (statement.SealedCode, codeMACs) {
	for {
		code := statement.SealedCode{Code: statement.CompleteCode(e.digits()), Secret: e.sixteen()}
		macs := codeMACs{r.mac("code", []byte(code.Code)), r.mac("secret", code.Secret[:])}
		if !f.knowsCode(macs.Code) {
			return code, macs
		}
	}
}

func (f *Facts) knowsCode(code MAC) bool {
	for i := range f.Compartments {
		if f.Compartments[i].Code == code {
			return true
		}
	}
	for _, d := range f.DeadCodes {
		if d.Code == code && d.Powered > f.Powered-30*Day {
			return true
		}
	}
	return false
}

// match finds the compartment that a credential opens now. It compares with every compartment, whatever it finds.
func (f *Facts) match(want MAC, of func(*Compartment) *MAC, now int64) int {
	found := -1
	for i := range f.Compartments {
		c := &f.Compartments[i]
		live := c.Occupancy == Occupied || c.inGrace(now)
		same := subtle.ConstantTimeCompare(want[:], of(c)[:]) == 1
		if same && live && *of(c) != (MAC{}) {
			found = i
		}
	}
	return found
}

func codeOf(c *Compartment) *MAC   { return &c.Code }
func secretOf(c *Compartment) *MAC { return &c.Secret }

// keypadDelay is how long the keypad waits after the n-th wrong code of a day.
func keypadDelay(n int) int64 {
	switch {
	case n == 0:
		return 0
	case n <= 5:
		return 3 * Second
	case n <= 15:
		return 10 * Second
	case n <= 60:
		return 60 * Second
	}
	return 300 * Second
}

// keypadWait is how long (µs) until the next code is judged.
func (f *Facts) keypadWait(now int64) int64 {
	wrong := since(f.WrongCodes, now-keypadWindow)
	if len(wrong) == 0 {
		return 0
	}
	return max(0, wrong[len(wrong)-1]+keypadDelay(len(wrong))-now)
}

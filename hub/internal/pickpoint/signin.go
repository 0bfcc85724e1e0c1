package pickpoint

import (
	"time"

	"golang.org/x/time/rate"

	"lockstep/internal/fault"
	"lockstep/internal/quota"
)

// How many wrong passwords a second, and how many at once, are taken from one address and of one login, and how many passwords at all, each
// of which costs a twentieth of a second of one processor. Right ones cost an address and a login nothing: some clients sign in before
// every call. An address has less than a login, so that nobody keeps a shop out from a single one, and a login less than all together, so
// that whoever guesses at one keeps nobody else out.
const (
	ofAddress, ofAddressBurst = 1, 20
	ofLogin, ofLoginBurst     = 2, 40
	ofAll, ofAllBurst         = 10, 200
)

// signIns bounds the tries.
type signIns struct {
	addresses, logins *quota.Quota
	all               *rate.Limiter
}

func newSignIns() signIns {
	return signIns{quota.New(ofAddress, ofAddressBurst), quota.New(ofLogin, ofLoginBurst), rate.NewLimiter(ofAll, ofAllBurst)}
}

// mayTry says whether a request may try its password just now. What one bound refuses does not use up the next.
func (s signIns) mayTry(c *call, now time.Time) error {
	if !s.addresses.Take(c.from.String(), now).Allowed || !s.logins.Take(c.text("login"), now).Allowed || !s.all.AllowN(now, 1) {
		return fault.New(fault.Unavailable, "too_many_sign_ins", "too many sign-ins at once")
	}
	return nil
}

// right is that the password was: it counts neither against the address nor against the login.
func (s signIns) right(c *call, now time.Time) {
	s.addresses.Give(c.from.String(), now)
	s.logins.Give(c.text("login"), now)
}

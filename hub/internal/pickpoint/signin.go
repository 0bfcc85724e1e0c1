package pickpoint

import (
	"time"

	"golang.org/x/time/rate"

	"lockstep/internal/fault"
	"lockstep/internal/quota"
)

// How many passwords are tried a second, and how many at once: from one address, of one login, and by everybody. Some clients sign in
// before every call. An address has less than a login, so that nobody keeps a shop out from a single one, and a login less than all
// together, so that whoever guesses at one keeps nobody else out. A try costs a twentieth of a second of one processor: all together are
// at most half of it.
const (
	ofAddress, ofAddressBurst = 2, 30
	ofLogin, ofLoginBurst     = 4, 60
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

// mayTry says whether a request may try a password just now. What one bound refuses does not use up the next.
func (s signIns) mayTry(c *call, now time.Time) error {
	if !s.addresses.Take(c.from.String(), now).Allowed || !s.logins.Take(c.text("login"), now).Allowed || !s.all.AllowN(now, 1) {
		return fault.New(fault.Unavailable, "too_many_sign_ins", "too many sign-ins at once")
	}
	return nil
}

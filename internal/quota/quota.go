// Package quota bounds how often each of many may do something: a token bucket for each of those that came lately. It counts in this
// process alone, so where several nodes serve one network each gives as much.
package quota

import (
	"crypto/sha256"
	"math"
	"strconv"
	"sync"
	"time"
)

// kept bounds the buckets of one generation, of which there are two: whoever has not come for so long has a full bucket again.
const kept = 10_000

type who [sha256.Size]byte // so that a name of any length takes the same room, and no key or session lies here

// Quota is the buckets. A nil one bounds nothing.
type Quota struct {
	rate  float64 // a second
	burst int

	mu          sync.Mutex
	now, before map[who]*bucket
}

type bucket struct {
	tokens float64
	at     time.Time // up to when it has been filled
}

// New makes buckets of burst, into which perSecond flow; nil, which bounds nothing, where that is 0.
func New(perSecond float64, burst int) *Quota {
	if perSecond <= 0 {
		return nil
	}
	return &Quota{rate: perSecond, burst: burst, now: map[who]*bucket{}}
}

// Left is what a bucket holds after something was taken out of it, or could not be.
type Left struct {
	Allowed   bool
	Limit     int           // what it holds when it is full; 0 where nothing is bounded
	Remaining int           // what can be taken out now
	Full      time.Duration // until it is full
	Next      time.Duration // until something can be taken out; 0 for now
}

// Take takes one out of name's bucket, if there is one.
func (q *Quota) Take(name string, at time.Time) Left {
	if q == nil {
		return Left{Allowed: true}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.bucket(name, at)
	left := Left{Allowed: b.tokens >= 1, Limit: q.burst}
	if left.Allowed {
		b.tokens--
	}
	left.Remaining, left.Full, left.Next = int(b.tokens), q.flow(float64(q.burst)-b.tokens), q.flow(1-b.tokens)
	return left
}

// Empty says whether there is nothing to take out of name's bucket.
func (q *Quota) Empty(name string, at time.Time) bool {
	if q == nil {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bucket(name, at).tokens < 1
}

// Give puts one back into name's bucket: what was taken out was not for what is bounded.
func (q *Quota) Give(name string, at time.Time) {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.bucket(name, at)
	b.tokens = min(float64(q.burst), b.tokens+1)
}

// bucket is name's, with what has flown into it; nothing flows while a clock that was set back comes up to where it was.
func (q *Quota) bucket(name string, at time.Time) *bucket {
	key := who(sha256.Sum256([]byte(name)))
	b, known := q.now[key]
	if !known {
		if b, known = q.before[key]; !known {
			b = &bucket{float64(q.burst), at}
		}
		if len(q.now) >= kept {
			q.now, q.before = map[who]*bucket{}, q.now
		}
		q.now[key] = b
	}
	if since := at.Sub(b.at); since > 0 {
		b.tokens, b.at = min(float64(q.burst), b.tokens+since.Seconds()*q.rate), at
	}
	return b
}

// flow is how long tokens take to come.
func (q *Quota) flow(tokens float64) time.Duration {
	return time.Duration(max(0, tokens) / q.rate * float64(time.Second))
}

// Headers are those of a bounded answer. Of the drafts of the IETF's httpapi group (draft-ietf-httpapi-ratelimit-headers) this is the form
// of 00 to 07, three fields with a number each: it is what clients' libraries and gateways read; the one field of later drafts still
// changes with them. Seconds are rounded up.
func (l Left) Headers(set func(name, value string)) {
	if l.Limit == 0 {
		return
	}
	set("RateLimit-Limit", strconv.Itoa(l.Limit))
	set("RateLimit-Remaining", strconv.Itoa(l.Remaining))
	set("RateLimit-Reset", seconds(l.Full))
	if !l.Allowed {
		set("Retry-After", seconds(l.Next))
	}
}

func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

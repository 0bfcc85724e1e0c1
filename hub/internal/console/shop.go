package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"lockstep/hub/internal/account"
	"lockstep/hub/internal/api"
	"lockstep/internal/fault"
	"lockstep/internal/web"
)

// The shop is what merchants' people see, below /shop/. It reads the hub's rooms as its merchant; what it does, it asks the native API
// for, in its merchant's name: a merchant's own software can do all of it too, under the same rules.

// answer takes what the native API answers.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}
func (a *answer) Write(data []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(data)
}

// native asks the native API as the visitor's merchant; what it refuses is a fault with the API's code.
func (v *visit) native(method, path, kind string, body []byte) (*answer, error) {
	m, err := v.merchant()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(api.As(v.Context(), m, v.User.ID), method, path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Idempotency-Key", v.FormValue("key"))
	a := &answer{header: http.Header{}}
	v.c.API.ServeHTTP(a, r)
	if a.status < 300 {
		return a, nil
	}
	var p api.Problem
	if err := json.Unmarshal(a.body.Bytes(), &p); err != nil || a.status == http.StatusInternalServerError {
		return nil, fmt.Errorf("console: the API answered %d: %.200s", a.status, a.body.String())
	}
	for _, e := range p.Errors {
		p.Detail += "; " + strings.TrimPrefix(e.Location, "body.") + ": " + e.Message
	}
	return nil, fault.New(faultOf(p.Status), p.Code, "%s", p.Detail)
}

// faultOf is what a status of the API means.
func faultOf(status int) fault.Kind {
	switch status {
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusConflict:
		return fault.Conflict
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return fault.Unavailable
	case http.StatusUnauthorized:
		return fault.Denied
	}
	return fault.Invalid
}

// ask sends the native API JSON, or nothing for nil, and reads what it answers into into, unless that is nil.
func (v *visit) ask(method, path string, body, into any) error {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
	}
	a, err := v.native(method, path, "application/json", data)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(a.body.Bytes(), into)
}

// does asks for something about a subject, writes that into the audit log, and leads to a page.
func (v *visit) does(act, subject, method, path string, body any, then string) error {
	if err := v.ask(method, path, body, nil); err != nil {
		return err
	}
	if err := v.did(act, subject); err != nil {
		return err
	}
	return v.back(then)
}

// merchant is the visitor's.
func (v *visit) merchant() (account.Merchant, error) {
	return v.c.Accounts.Merchant(v.Context(), v.User.Merchant)
}

// fill is what somebody has typed into a form, which comes back with what was wrong with it.
type fill struct {
	url.Values
	Key     string // one for each time that the form is filled in: sent twice, it is done once
	Problem string
}

// blank is a form with what it begins with: pairs of a field and its value.
func blank(pairs ...string) fill {
	f := fill{Values: url.Values{}, Key: uuid.Must(uuid.NewV7()).String()}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

// refused gives a form back with what was wrong. What is our own fault stays an error.
func (v *visit) refused(err error) (fill, error) {
	if fault.KindOf(err) == fault.Internal {
		return fill{}, err
	}
	v.WriteHeader(web.Status(err))
	_, problem := v.said(err)
	return fill{v.Form, v.FormValue("key"), problem}, nil
}

// path puts what a visitor says into one of the API's paths.
func path(format string, parts ...string) string {
	escaped := make([]any, len(parts))
	for i, part := range parts {
		escaped[i] = url.PathEscape(part)
	}
	return fmt.Sprintf(format, escaped...)
}

package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/internal/fault"
)

// Problem is every failure's body (RFC 9457). Code is for programs and stays the same; the other texts are for people. It never
// repeats what was sent.
type Problem struct {
	Type   string   `json:"type" example:"about:blank" doc:"Always about:blank; use code to tell problems apart"`
	Title  string   `json:"title" example:"Conflict" doc:"What the status means"`
	Status int      `json:"status" example:"409" doc:"The HTTP status again"`
	Code   string   `json:"code" example:"locker_full" doc:"A stable word for programs"`
	Detail string   `json:"detail" example:"no free compartment is large enough" doc:"What is wrong, for people"`
	Errors []Detail `json:"errors,omitempty" doc:"Where the request is wrong, if it is in several places"`
}

// Detail is one place in a request.
type Detail struct {
	Location string `json:"location,omitempty" example:"body.parcels[0].size" doc:"Where"`
	Message  string `json:"message" example:"expected value to be one of \"S, M, L\"" doc:"What is wrong there"`
}

func newProblem(status int, code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

func (p *Problem) Error() string             { return p.Detail }
func (p *Problem) GetStatus() int            { return p.Status }
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// statuses turns kinds of failure into HTTP.
var statuses = map[fault.Kind]int{
	fault.Internal: http.StatusInternalServerError, fault.Invalid: http.StatusUnprocessableEntity, fault.Denied: http.StatusUnauthorized,
	fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict, fault.Paused: http.StatusServiceUnavailable,
	fault.Unavailable: http.StatusServiceUnavailable,
}

// problem turns a room's failure into an answer. What strangers do not see is logged here, once.
func (d *door) problem(ctx context.Context, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	kind := fault.KindOf(err)
	if kind == fault.Internal && ctx.Err() == nil {
		d.Log.Error("a request failed", "err", err)
	}
	code, message := fault.Public(err)
	return newProblem(statuses[kind], code, message)
}

// configure sets what the HTTP library has only once for the process.
var configure = sync.OnceFunc(func() {
	huma.NewError = libraryError
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true
})

// own are the codes and sentences for what the HTTP library finds wrong itself.
var own = map[int][2]string{
	http.StatusBadRequest:            {"malformed", "the body is missing or not valid JSON"},
	http.StatusRequestTimeout:        {"too_slow", "the body did not come in time"},
	http.StatusRequestEntityTooLarge: {"too_large", "the body is larger than 64 KiB, or than 4 MiB for an import"},
	http.StatusUnsupportedMediaType:  {"unsupported_media_type", "the body must be application/json"},
	http.StatusUnprocessableEntity:   {"invalid_request", "the request is not as the API wants it; see errors"},
}

// libraryError replaces the library's own problem, which repeats the values that were sent.
func libraryError(status int, _ string, errs ...error) huma.StatusError {
	if len(errs) == 1 {
		if p, ok := errs[0].(*Problem); ok {
			return p
		}
	}
	text, ok := own[status]
	if !ok {
		text = [2]string{"internal", "something went wrong on our side"}
	}
	p := newProblem(status, text[0], text[1])
	if status == http.StatusUnprocessableEntity {
		p.Errors = details(errs)
	}
	return p
}

// harmless is what a location may look like to be repeated: names of fields, not values that were sent as names.
var harmless = regexp.MustCompile(`^[a-z]+(\.[A-Za-z][A-Za-z_-]{0,30}(\[[0-9]{1,4}\])?)*$`)

func details(errs []error) (list []Detail) {
	for _, err := range errs {
		found, ok := err.(huma.ErrorDetailer)
		if !ok || len(list) == 20 {
			continue
		}
		e := found.ErrorDetail()
		message, location := e.Message, e.Location
		if strings.HasPrefix(message, "json:") || strings.Contains(message, "unmarshal") || location == "" {
			message = "this is not of the expected form"
		}
		if !harmless.MatchString(location) {
			location, _, _ = strings.Cut(location, ".")
			message = "there is something with a name that is not expected"
		}
		list = append(list, Detail{location, message})
	}
	return list
}

// write is for answers that do not pass through the library.
func write(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p)
}

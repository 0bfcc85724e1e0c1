package console

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"lockstep/hub/internal/account"
	"lockstep/internal/fault"
	"lockstep/internal/web"
	"lockstep/internal/words"
)

// maxAnswer bounds what a browser sends of a passkey.
const maxAnswer = 64 << 10

// cookieName holds a session. With the prefix a browser takes it from TLS alone and for this host alone.
func (c *console) cookieName() string {
	if strings.HasPrefix(c.PublicURL, "https://") {
		return "__Host-lockstep"
	}
	return "lockstep"
}

// cookie lasts for some time of the browser's own clock; nothing for one that is to go.
func (c *console) cookie(value string, term time.Duration) *http.Cookie {
	age := int(term.Seconds())
	if age <= 0 {
		age = -1
	}
	return &http.Cookie{Name: c.cookieName(), Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(c.PublicURL, "https://")}
}

// userOf is who is signed in; Denied "no_session" where nobody is.
func (c *console) userOf(r *http.Request) (account.User, error) {
	kept, err := r.Cookie(c.cookieName())
	if err != nil {
		return account.User{}, fault.New(fault.Denied, "no_session", "you are not signed in")
	}
	return c.Accounts.SignedIn(r.Context(), kept.Value)
}

// open serves a page to whoever asks.
func (c *console) open(page func(l *words.Language) templ.Component) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		words.Keep(w, r)
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("Vary", "Accept-Language")
		if err := page(words.Of(r)).Render(r.Context(), w); err != nil {
			c.Log.Info("page not sent", "path", r.URL.Path, "error", err)
		}
	}
}

// signInPage says why where no passkeys can be had.
func (c *console) signInPage(l *words.Language) templ.Component {
	return signInPage(l, c.Passkeys != nil, c.PublicURL)
}

func (c *console) enrolPage(l *words.Language) templ.Component { return enrolPage(l) }

// ceremony serves one step of making or using a passkey: JSON in, JSON out, and a cookie where somebody has signed in.
func (c *console) ceremony(step func(r *http.Request) (*account.Signed, any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c.Passkeys == nil {
			web.Problem(w, fault.New(fault.Unavailable, "no_passkeys", "the hub's public address can have no passkeys"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxAnswer)
		signed, answer, err := step(r)
		if err != nil {
			if fault.KindOf(err) == fault.Internal {
				c.Log.Error("passkey", "path", r.URL.Path, "error", err)
			}
			web.Problem(w, err)
			return
		}
		if signed != nil {
			http.SetCookie(w, c.cookie(signed.Cookie.Reveal(), signed.Until.Sub(c.Now())))
		}
		web.JSON(w, answer)
	}
}

func (c *console) beginSignIn(r *http.Request) (*account.Signed, any, error) {
	options, err := c.Passkeys.BeginSignIn(r.Context())
	return nil, options, err
}

func (c *console) finishSignIn(r *http.Request) (*account.Signed, any, error) {
	answered, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, nil, tooLarge(err)
	}
	signed, user, err := c.Passkeys.FinishSignIn(r.Context(), answered)
	return &signed, map[string]string{"to": home(user)}, err
}

func (c *console) beginEnrol(r *http.Request) (*account.Signed, any, error) {
	var ask struct{ Token string }
	if err := web.ReadJSON(nil, r, maxAnswer, &ask); err != nil {
		return nil, nil, err
	}
	options, err := c.Passkeys.BeginEnrol(r.Context(), ask.Token)
	return nil, options, err
}

func (c *console) finishEnrol(r *http.Request) (*account.Signed, any, error) {
	var ask struct {
		Token, Name string
		Made        json.RawMessage
	}
	if err := web.ReadJSON(nil, r, maxAnswer, &ask); err != nil {
		return nil, nil, err
	}
	signed, user, err := c.Passkeys.FinishEnrol(r.Context(), ask.Token, ask.Name, ask.Made)
	return &signed, map[string]string{"to": home(user)}, err
}

// home is where somebody begins.
func home(u account.User) string {
	if u.Role == account.ForMerchant {
		return "/shop/"
	}
	return "/console/"
}

func (c *console) signOut(w http.ResponseWriter, r *http.Request) {
	if kept, err := r.Cookie(c.cookieName()); err == nil {
		if err := c.Accounts.SignUserOut(r.Context(), kept.Value); err != nil {
			web.Problem(w, err)
			return
		}
	}
	http.SetCookie(w, c.cookie("", 0))
	http.Redirect(w, r, "/console/sign-in", http.StatusSeeOther)
}

func tooLarge(cause error) error {
	return fault.Wrap(cause, fault.Invalid, "too_large", "that is too long")
}

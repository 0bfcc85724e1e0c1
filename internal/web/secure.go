package web

import (
	"net/http"
	"strings"
)

// Policy is where a handler's pages may be shown and what they may use beyond their own origin's files.
type Policy struct {
	FrameAncestors []string // origins that may hold the page in a frame; none by default
	Camera         bool     // the page may ask for the camera
	InlineStyle    bool     // for pages of third parties that set style attributes (the API reference); never for ours
	Location       bool     // the page may ask where the visitor is
	Tiles          []string // further sources of images, which scripts may fetch too, as in a Content-Security-Policy
	Frames         bool     // the page may hold other pages of its own origin
	Open           bool     // pages of any origin may load and read it: scripts made for them, open data
}

// Secure puts the strict headers on everything next answers.
func Secure(p Policy, next http.Handler) http.Handler {
	csp, permissions := p.contentSecurity(), p.permissions()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("Permissions-Policy", permissions)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if p.Open {
			h.Set("Cross-Origin-Resource-Policy", "cross-origin")
			h.Set("Access-Control-Allow-Origin", "*")
		}
		if len(p.FrameAncestors) == 0 {
			h.Set("X-Frame-Options", "DENY")
		}
		next.ServeHTTP(w, r)
	})
}

func (p Policy) contentSecurity() string {
	ancestors, style := "'none'", "'self'"
	if len(p.FrameAncestors) > 0 {
		ancestors = strings.Join(p.FrameAncestors, " ")
	}
	if p.InlineStyle {
		style += " 'unsafe-inline'"
	}
	inside := "default-src 'none'"
	if p.Frames {
		inside += "; frame-src 'self'"
	}
	return strings.Join([]string{
		inside, "script-src 'self'", "style-src " + style, strings.Join(append([]string{"img-src 'self' data:"}, p.Tiles...), " "), strings.Join(append([]string{"connect-src 'self'"}, p.Tiles...), " "),
		"font-src 'self'", "worker-src 'self'", "manifest-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors " + ancestors,
	}, "; ")
}

func (p Policy) permissions() string {
	self := map[bool]string{true: "(self)", false: "()"}
	return "camera=" + self[p.Camera] + ", microphone=(), geolocation=" + self[p.Location] + ", payment=(), usb=()"
}

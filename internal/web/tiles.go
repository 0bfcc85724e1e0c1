package web

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Tiles is where the map's background comes from; the zero value has none. URL is a template with {z}, {x} and {y}, and {s} for a, b or c
// at the beginning of the host: https://… or a path of the hub's own. Attribution is said on the map; a link at its end becomes one.
type Tiles struct {
	URL         string `json:"url"`
	Attribution string `json:"attribution"`
}

var tileHost = regexp.MustCompile(`^(\{s\}\.)?[a-zA-Z0-9.-]+(:[0-9]{1,5})?$`)

// sources is what a Content-Security-Policy has to allow for the tiles.
// Sources are where the tiles are from, as a Content-Security-Policy has them; Invalid for a template that is none.
func (t Tiles) Sources() ([]string, error) {
	if t.URL == "" {
		return nil, nil
	}
	for _, part := range []string{"{z}", "{x}", "{y}"} {
		if strings.Count(t.URL, part) != 1 {
			return nil, fmt.Errorf("widget: a map's tile URL has {z}, {x} and {y} in it, once each: %q", t.URL)
		}
	}
	if strings.HasPrefix(t.URL, "/") && !strings.HasPrefix(t.URL, "//") {
		return nil, nil
	}
	scheme, rest, _ := strings.Cut(t.URL, "://")
	host, _, _ := strings.Cut(rest, "/")
	if scheme != "https" && scheme != "http" || !tileHost.MatchString(host) {
		return nil, fmt.Errorf("widget: a map's tile URL begins with https:// and a host, or with / for the hub's own: %q", t.URL)
	}
	u, err := url.Parse(scheme + "://" + strings.Replace(host, "{s}", "*", 1))
	if err != nil {
		return nil, fmt.Errorf("widget: a map's tile URL: %w", err)
	}
	return []string{u.Scheme + "://" + u.Host}, nil
}

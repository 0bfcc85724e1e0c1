package text

import (
	_ "embed"
	"errors"
	"html/template"
	"strings"
)

// letter is the long form, before it becomes plain text or HTML.
type letter struct {
	Language, Lead, CodeWord, Until, OpenWord, Link, TrackingWord, Footer string

	Subject string
	Rows    []row
}

type row struct{ Name, Code, Tracking string }

func (l letter) plain() string {
	blocks := []string{l.Lead}
	for _, r := range l.Rows {
		if r.Code != "" {
			blocks = append(blocks, strings.TrimSpace(r.Code+"   "+r.Name))
		}
	}
	if l.Until != "" {
		blocks = append(blocks, l.Until)
	}
	if l.Link != "" {
		blocks = append(blocks, l.OpenWord+":\n"+l.Link)
	}
	for _, r := range l.Rows {
		if r.Tracking != "" {
			blocks = append(blocks, l.TrackingWord+":\n"+r.Tracking)
		}
	}
	return strings.Join(append(blocks, "-- \n"+l.Footer), "\n\n") + "\n"
}

//go:embed letter.html
var letterHTML string

var letterTemplate = template.Must(template.New("letter").Parse(letterHTML))

func (l letter) html(subject string) (string, error) {
	l.Subject = subject
	var out strings.Builder
	if err := letterTemplate.Execute(&out, l); err != nil {
		return "", errors.New("text: the letter's template does not work") // the cause may quote the values
	}
	return out.String(), nil
}

package text

import (
	_ "embed"
	"errors"
	"html/template"
	"strings"
)

// letter is the long form, before it becomes plain text or HTML.
type letter struct {
	Language, Lead, Meant, CodeWord, Until, AlsoWord, Beyond, Unpaid, OpenWord, Link, TrackingWord, Footer string

	Subject      string
	Rows, Others []row // Others wait in the locker besides
}

type row struct{ Name, Code, Tracking string }

func (l letter) plain() string {
	blocks := []string{l.Lead}
	if l.Meant != "" {
		blocks = append(blocks, l.Meant)
	}
	blocks = append(blocks, codeLines(l.Rows)...)
	if l.Until != "" {
		blocks = append(blocks, l.Until)
	}
	if l.Unpaid != "" {
		blocks = append(blocks, l.Unpaid)
	}
	if l.AlsoWord != "" {
		blocks = append(append(blocks, l.AlsoWord+":"), codeLines(l.Others)...)
	}
	if l.Beyond != "" {
		blocks = append(blocks, l.Beyond)
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

func codeLines(rows []row) (lines []string) {
	for _, r := range rows {
		if r.Code != "" {
			lines = append(lines, strings.TrimSpace(r.Code+"   "+r.Name))
		}
	}
	return lines
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

package channel_test

import (
	"io"
	"mime/multipart"
	"strings"
)

// firstPart is the text of a multipart letter's first part; the reader undoes quoted-printable.
func firstPart(body io.Reader, boundary string) (string, error) {
	part, err := multipart.NewReader(body, boundary).NextPart()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(part)
	return strings.TrimRight(string(text), "\r\n"), err
}

package db

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// listed bounds the entries of one list.
const listed = 500

// Lists packs texts for queries that take many of them as one text, because arrays are not the same in both engines: each is filled up
// with blanks to width characters. What is given twice is there once; empty texts, longer ones, and such as neither engine keeps are left out.
func Lists(width int, texts []string) (lists []string) {
	fit := slices.DeleteFunc(slices.Clone(texts), func(text string) bool {
		return text == "" || !utf8.ValidString(text) || strings.ContainsRune(text, 0) || utf8.RuneCountInString(text) > width
	})
	slices.Sort(fit)
	for part := range slices.Chunk(slices.Compact(fit), listed) {
		var b strings.Builder
		for _, text := range part {
			b.WriteString(text)
			b.WriteString(strings.Repeat(" ", width-utf8.RuneCountInString(text)))
		}
		lists = append(lists, b.String())
	}
	return lists
}

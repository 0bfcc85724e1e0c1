//go:build !development

package journal

func crashPoint(File, []byte) {}

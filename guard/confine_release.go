//go:build !development

package guard

// free says that a guard need not be confined; a release build always is.
func (c Config) free() bool { return false }

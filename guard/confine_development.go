//go:build development

package guard

func (c Config) free() bool { return c.Unconfined }

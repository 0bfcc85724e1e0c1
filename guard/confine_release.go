//go:build !development

package guard

import "errors"

func mayBeUnconfined() error {
	return errors.New("guard: this build is always confined; only development builds can be left unconfined")
}

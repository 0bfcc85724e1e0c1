package console

import (
	"encoding/hex"

	"lockstep/hub/internal/account"
	"lockstep/internal/fault"
)

type meView struct {
	Passkeys []account.Passkey
	Once     shownOnce // the link for another device
}

// me is a user's own page: their passkeys.
func (c *console) me(v *visit) error { return c.mine(v, shownOnce{}) }

func (c *console) mine(v *visit, once shownOnce) error {
	keys, err := c.Accounts.PasskeysOf(v.Context(), v.User.ID)
	if err != nil {
		return err
	}
	return v.show(mePage(v, meView{keys, once}))
}

func (c *console) dropPasskey(v *visit) error {
	id, err := hex.DecodeString(v.FormValue("id"))
	if err != nil {
		return fault.New(fault.NotFound, "unknown_passkey", "there is no such passkey")
	}
	if err := c.Accounts.DropPasskey(v.Context(), v.User.ID, id); err != nil {
		return err
	}
	if err := v.did("dropped a passkey", v.User.Name); err != nil {
		return err
	}
	return v.back("/console/me")
}

// anotherDevice makes the link with which a user makes a passkey on another device of theirs.
func (c *console) anotherDevice(v *visit) error {
	token, err := c.Accounts.LinkUser(v.Context(), v.User.ID, false)
	if err != nil {
		return err
	}
	if err := v.did("made a link for another device", v.User.Name); err != nil {
		return err
	}
	return c.mine(v, shownOnce{v.User.Name, "link", c.link(token.Reveal())})
}

// link is a one-time link. Its token is behind #, so that no log of the way has it.
func (c *console) link(token string) string { return c.PublicURL + "/console/enrol#" + token }

type usersView struct {
	Users []account.User
	Once  shownOnce
}

func (c *console) users(v *visit) error { return c.everybody(v, shownOnce{}) }

func (c *console) everybody(v *visit, once shownOnce) error {
	list, err := c.Accounts.Users(v.Context(), "*")
	if err != nil {
		return err
	}
	return v.show(usersPage(v, usersView{list, once}))
}

func (c *console) addUser(v *visit) error {
	u, token, err := c.Accounts.AddUser(v.Context(), v.FormValue("name"), account.Role(v.FormValue("role")), v.FormValue("merchant"))
	if err != nil {
		return err
	}
	if err := v.did("added a user: "+string(u.Role), u.Name); err != nil {
		return err
	}
	return c.everybody(v, shownOnce{u.Name, "link", c.link(token.Reveal())})
}

// user is who a path means.
func (v *visit) user() (account.User, error) {
	return v.c.Accounts.User(v.Context(), v.PathValue("user"))
}

func (c *console) setRole(v *visit) error {
	u, err := v.user()
	if err != nil {
		return err
	}
	role := account.Role(v.FormValue("role"))
	if err := c.Accounts.SetRole(v.Context(), u.ID, role); err != nil {
		return err
	}
	if err := v.did("gave the role "+string(role), u.Name); err != nil {
		return err
	}
	return v.back("/console/users")
}

// linkUser makes another link for a user whose device is lost: the passkeys that they had end.
func (c *console) linkUser(v *visit) error {
	u, err := v.user()
	if err != nil {
		return err
	}
	token, err := c.Accounts.LinkUser(v.Context(), u.ID, true)
	if err != nil {
		return err
	}
	if err := v.did("ended all passkeys and made a link", u.Name); err != nil {
		return err
	}
	return c.everybody(v, shownOnce{u.Name, "link", c.link(token.Reveal())})
}

func (c *console) endUser(v *visit) error {
	u, err := v.user()
	if err != nil {
		return err
	}
	if err := c.Accounts.EndUser(v.Context(), u.ID); err != nil {
		return err
	}
	if err := v.did("ended a user", u.Name); err != nil {
		return err
	}
	return v.back("/console/users")
}

type auditView struct {
	Lines   []account.Audited
	Subject string
	Before  string // of the next page
}

func (c *console) audit(v *visit) error {
	lines, next, err := c.Accounts.AuditPage(v.Context(), v.FormValue("subject"), v.FormValue("before"), 200)
	if err != nil {
		return err
	}
	return v.show(auditPage(v, auditView{lines, v.FormValue("subject"), next}))
}

// auditCSV sends the whole log, page by page.
func (c *console) auditCSV(v *visit) (failed error) {
	err := v.csv("audit", []string{"at", "actor", "act", "subject"}, func(write func(...string)) {
		for before := ""; ; {
			lines, next, err := c.Accounts.AuditPage(v.Context(), v.FormValue("subject"), before, 1000)
			for _, l := range lines {
				write(stamp(l.At), l.Actor, l.Act, l.Subject)
			}
			if failed = err; err != nil || next == "" {
				return
			}
			before = next
		}
	})
	if failed != nil {
		return failed
	}
	return err
}

package hub

import (
	"context"

	"lockstep/hub/internal/account"
)

// UserView is a person who signs in to the hub's pages; Link only when it was made just now.
type UserView struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Role     string `json:"role"`
	Merchant string `json:"merchant,omitempty"`
	Ended    string `json:"ended,omitempty"`
	Passkeys int    `json:"passkeys"`
	Used     string `json:"used,omitempty"` // when one was used last
	Link     string `json:"link,omitempty"`
}

func userView(u account.User) UserView {
	return UserView{ID: u.ID, Name: u.Name, Role: string(u.Role), Merchant: u.Merchant, Ended: stamp(u.Ended), Passkeys: u.Passkeys, Used: stamp(u.Used)}
}

// AddUser adds a person and makes the one-time link with which they make their first passkey.
func (h *Hub) AddUser(ctx context.Context, name, role, merchant string) (UserView, error) {
	u, token, err := h.accounts.AddUser(ctx, name, account.Role(role), merchant)
	if err != nil {
		return UserView{}, err
	}
	v := userView(u)
	v.Link = h.enrolLink(token.Reveal())
	return v, h.accounts.Audit(ctx, operator(), "added a user: "+role, u.Name)
}

func (h *Hub) enrolLink(token string) string { return h.consoleURL() + "/console/enrol#" + token }

// Users lists everybody.
func (h *Hub) Users(ctx context.Context) ([]UserView, error) {
	list, err := h.accounts.Users(ctx, "*")
	return views(list, userView), err
}

// LinkUser makes a new link for somebody who has lost their device: the passkeys and sessions that they had end.
func (h *Hub) LinkUser(ctx context.Context, name string) (UserView, error) {
	u, err := h.accounts.UserNamed(ctx, name)
	if err != nil {
		return UserView{}, err
	}
	token, err := h.accounts.LinkUser(ctx, u.ID, true)
	if err != nil {
		return UserView{}, err
	}
	v := userView(u)
	v.Link = h.enrolLink(token.Reveal())
	return v, h.accounts.Audit(ctx, operator(), "ended all passkeys and made a link", u.Name)
}

// SetUserRole gives somebody of the staff another role.
func (h *Hub) SetUserRole(ctx context.Context, name, role string) error {
	u, err := h.accounts.UserNamed(ctx, name)
	if err != nil {
		return err
	}
	if err := h.accounts.SetRole(ctx, u.ID, account.Role(role)); err != nil {
		return err
	}
	return h.accounts.Audit(ctx, operator(), "gave the role "+role, u.Name)
}

// EndUser lets somebody sign in no more.
func (h *Hub) EndUser(ctx context.Context, name string) error {
	u, err := h.accounts.UserNamed(ctx, name)
	if err != nil {
		return err
	}
	if err := h.accounts.EndUser(ctx, u.ID); err != nil {
		return err
	}
	return h.accounts.Audit(ctx, operator(), "ended a user", u.Name)
}

package console

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lockstep/hub/internal/account"
	"lockstep/hub/internal/api"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/handover"
	"lockstep/hub/internal/outbox"
	"lockstep/internal/fault"
)

// balanceView is what was paid for the merchant's parcels, and what of it the merchant has got.
type balanceView struct {
	Waiting []custody.Unsettled
	Acts    []handover.MoneyTotal
}

func (c *console) balance(v *visit) (err error) {
	var view balanceView
	if view.Waiting, err = c.Custody.Unsettled(v.Context(), v.User.Merchant); err != nil {
		return err
	}
	if view.Acts, err = c.Money.MoneyTotals(v.Context(), v.User.Merchant); err != nil {
		return err
	}
	return v.show(balancePage(v, view))
}

// balanceAct is the paper of one transfer.
func (c *console) balanceAct(v *visit) error {
	number, err := strconv.ParseInt(v.PathValue("act"), 10, 64)
	if err != nil {
		return fault.New(fault.NotFound, "unknown_money_act", "there is no such act")
	}
	if _, err := c.Money.MoneyAct(v.Context(), v.User.Merchant, number); err != nil {
		return err
	}
	var paper bytes.Buffer
	if err := c.PrintMoneyAct(v.Context(), number, &paper); err != nil {
		return err
	}
	v.Header().Set("Content-Type", "application/pdf")
	v.Header().Set("Content-Disposition", `inline; filename="act-`+strconv.FormatInt(number, 10)+`.pdf"`)
	_, err = v.Write(paper.Bytes())
	return err
}

type keysView struct {
	Keys []account.Key
	Once shownOnce
}

func (c *console) myKeys(v *visit) error { return c.showKeys(v, shownOnce{}) }

func (c *console) showKeys(v *visit, once shownOnce) error {
	list, err := c.Accounts.Keys(v.Context(), v.User.Merchant)
	if err != nil {
		return err
	}
	return v.show(keysPage(v, keysView{list, once}))
}

func (c *console) newKeyOfMine(v *visit) error {
	name := strings.TrimSpace(v.FormValue("name"))
	if name == "" {
		return fault.New(fault.Invalid, "invalid_name", "a key's name is one line of 1 to 60 characters")
	}
	key, err := c.Accounts.NewKey(v.Context(), v.User.Merchant, name)
	if err != nil {
		return err
	}
	if err := v.did("made the API key "+name, v.User.Merchant); err != nil {
		return err
	}
	return c.showKeys(v, shownOnce{name, "key", key.Reveal()})
}

func (c *console) endKeyOfMine(v *visit) error {
	id := v.PathValue("key")
	if err := c.Accounts.EndKey(v.Context(), v.User.Merchant, id); err != nil {
		return err
	}
	if err := v.did("ended the API key "+id, v.User.Merchant); err != nil {
		return err
	}
	return v.back("/shop/keys")
}

type webhooksView struct {
	fill
	Webhooks []outbox.Endpoint
}

func (c *console) webhooks(v *visit) error { return c.showWebhooks(v, blank()) }

func (c *console) showWebhooks(v *visit, form fill) error {
	list, err := c.Outbox.Endpoints(v.Context(), v.User.Merchant)
	if err != nil {
		return err
	}
	return v.show(webhooksPage(v, webhooksView{form, list}))
}

func (c *console) addWebhook(v *visit) error {
	body := map[string]any{"url": strings.TrimSpace(v.FormValue("url"))}
	if len(v.Form["type"]) > 0 {
		body["types"] = v.Form["type"]
	}
	var made api.Webhook
	if err := v.ask("POST", "/v1/webhooks", body, &made); err != nil {
		form, err := v.refused(err)
		if err != nil {
			return err
		}
		return c.showWebhooks(v, form)
	}
	if err := v.did("added a webhook", made.ID); err != nil {
		return err
	}
	return c.showWebhook(v, made.ID, webhookView{Once: shownOnce{made.URL, "secret", made.Secret}})
}

type webhookView struct {
	outbox.Endpoint
	Deliveries []outbox.Delivery
	State      string // only those in this state
	Next       string // where the older ones are
	Once       shownOnce
	Again      int  // how many were put in to be sent again
	More       bool // and there are more
	Replayed   bool
}

// Older is the address of the page after this one.
func (w webhookView) Older() string {
	return "?" + url.Values{"state": {w.State}, "after": {w.Next}}.Encode()
}

func (c *console) webhook(v *visit) error {
	return c.showWebhook(v, v.PathValue("webhook"), webhookView{State: v.FormValue("state")})
}

func (c *console) showWebhook(v *visit, id string, view webhookView) (err error) {
	if view.Endpoint, err = c.Outbox.Endpoint(v.Context(), v.User.Merchant, id); err != nil {
		return err
	}
	view.Deliveries, view.Next, err = c.Outbox.Deliveries(v.Context(), v.User.Merchant, id, outbox.Filter{State: view.State, After: v.FormValue("after"), Limit: perPage})
	if err != nil {
		return err
	}
	return v.show(webhookPage(v, view))
}

func (c *console) testWebhook(v *visit) error {
	return c.hooked(v, "tested a webhook", "/v1/webhooks/%s/test", nil)
}

// resend sends one delivery of the log again.
func (c *console) resend(v *visit) error {
	return c.hooked(v, "sent a delivery again", "/v1/webhooks/%s/replay", map[string]any{"delivery": v.PathValue("delivery")})
}

// hooked asks for something about the webhook of the path, and goes back to it.
func (c *console) hooked(v *visit, act, to string, body any) error {
	id := v.PathValue("webhook")
	return v.does(act, id, "POST", path(to, id), body, "/shop/webhooks/"+id)
}

// replay sends again whatever became known in the last hours.
func (c *console) replay(v *visit) error {
	id := v.PathValue("webhook")
	hours, err := whole(v, "hours", 24)
	if err != nil {
		return err
	}
	var done struct {
		Count int
		Next  string
	}
	body := map[string]any{"since": v.now.Add(-time.Duration(hours) * time.Hour)}
	if err := v.ask("POST", path("/v1/webhooks/%s/replay", id), body, &done); err != nil {
		return err
	}
	if err := v.did("sent events again", id); err != nil {
		return err
	}
	return c.showWebhook(v, id, webhookView{Replayed: true, Again: done.Count, More: done.Next != ""})
}

func (c *console) dropWebhook(v *visit) error {
	id := v.PathValue("webhook")
	return v.does("removed a webhook", id, "DELETE", path("/v1/webhooks/%s", id), nil, "/shop/webhooks")
}

// choice is the page on which a merchant puts the choice of a locker for its own shop together.
func (c *console) choice(v *visit) error {
	cities, err := c.Fleet.Cities(v.Context())
	if err != nil {
		return err
	}
	return v.show(choicePage(v, c.PublicURL, cities))
}

package console

import (
	"net/http"
	"slices"

	"lockstep/hub/internal/account"
)

// who is the roles that may use a route.
type who []account.Role

var (
	everyone    = who{account.Admin, account.Dispatcher, account.Support, account.Technician, account.Auditor}
	admin       = who{account.Admin}
	atLockers   = who{account.Admin, account.Dispatcher, account.Technician}                  // may take something away from lockers for a while
	forParcels  = who{account.Admin, account.Support}                                         // may ask for something about a parcel
	onAlarms    = who{account.Admin, account.Dispatcher, account.Support, account.Technician} // may look after alarms
	overPersons = who{account.Admin, account.Dispatcher}                                      // may let couriers in and end them
	ofBusiness  = who{account.Admin, account.Dispatcher, account.Support, account.Auditor}    // may see merchants, couriers and prices
	ofEvidence  = who{account.Admin, account.Auditor}
	merchants   = who{account.ForMerchant} // their own alone
	anybody     = append(slices.Clone(everyone), merchants...)
	toEvidence  = who{account.Admin, account.Support, account.Auditor} // may see what an alarm rests on
)

func (w who) may(role account.Role) bool { return slices.Contains(w, role) }

// route is what may be asked, and by whom. Nothing is served below /console/ and /shop/ that is not in the table, but what it takes to
// sign in.
type route struct {
	pattern string // as http.ServeMux takes it
	who     who
	handle  func(v *visit) error
}

// routes is the table of rights. What no role has is not there: nobody opens a door from here.
func (c *console) routes() []route {
	return []route{
		{"GET /console/{$}", everyone, c.network},
		{"GET /console/lockers.json", everyone, c.networkJSON},
		{"GET /console/lockers.csv", everyone, c.networkCSV},
		{"GET /console/lockers/{locker}", everyone, c.locker},
		{"GET /console/lockers/{locker}/live", everyone, c.lockerLive},
		{"GET /console/lockers/{locker}/doors/{door}", everyone, c.door},
		{"GET /console/lockers/{locker}/days.json", everyone, c.lockerDays},
		{"GET /console/lockers/{locker}/journal", ofEvidence, c.lockerJournal},
		{"POST /console/lockers/{locker}/pause", atLockers, c.pause},
		{"POST /console/lockers/{locker}/block", atLockers, c.block},
		{"POST /console/lockers/{locker}/unblock", atLockers, c.unblock},

		{"GET /console/search", everyone, c.search},
		{"POST /console/search", forParcels, c.searchPhone},
		{"GET /console/parcels/{barcode}", everyone, c.parcel},
		{"POST /console/parcels/{barcode}/reissue", forParcels, c.reissue},
		{"POST /console/parcels/{barcode}/extend", forParcels, c.extend},

		{"GET /console/alarms", everyone, c.alarms},
		{"GET /console/alarms.csv", everyone, c.alarmsCSV},
		{"POST /console/alarms/{alarm}/take", onAlarms, c.takeAlarm},
		{"POST /console/alarms/{alarm}/end", onAlarms, c.endAlarm},
		{"GET /console/alarms/{alarm}/evidence", toEvidence, c.evidence},

		{"GET /console/couriers", ofBusiness, c.couriers},
		{"GET /console/couriers.csv", ofBusiness, c.couriersCSV},
		{"POST /console/couriers", overPersons, c.addCourier},
		{"POST /console/couriers/{courier}/revoke", overPersons, c.revokeCourier},
		{"GET /console/merchants", ofBusiness, c.merchants},
		{"GET /console/merchants.csv", ofBusiness, c.merchantsCSV},
		{"POST /console/merchants", admin, c.addMerchant},
		{"GET /console/merchants/{merchant}", ofBusiness, c.merchant},
		{"POST /console/merchants/{merchant}/keys", admin, c.newKey},
		{"POST /console/merchants/{merchant}/keys/end", admin, c.endKeys},
		{"POST /console/merchants/{merchant}/rule", admin, c.setRule},
		{"POST /console/merchants/{merchant}/logins", admin, c.setLogin},
		{"POST /console/merchants/{merchant}/users", admin, c.addMerchantUser},
		{"GET /console/carriers", ofBusiness, c.carriers},
		{"POST /console/carriers/{carrier}/token", admin, c.carrierToken},
		{"GET /console/tariffs", ofBusiness, c.tariffsPage},
		{"GET /console/tariffs/prices.csv", ofBusiness, c.pricesCSV},
		{"GET /console/tariffs/lanes.csv", ofBusiness, c.lanesCSV},
		{"POST /console/tariffs/{table}", admin, c.importTable},
		{"GET /console/new-locker", admin, c.newLocker},
		{"POST /console/lockers", admin, c.addLocker},

		{"GET /shop/{$}", merchants, c.shipments},
		{"GET /shop/shipments.csv", merchants, c.shipmentsCSV},
		{"GET /shop/new", merchants, c.newShipment},
		{"POST /shop/shipments", merchants, c.announce},
		{"GET /shop/shipments/{shipment}", merchants, c.shipment},
		{"POST /shop/shipments/{shipment}/cancel", merchants, c.cancelShipment},
		{"POST /shop/shipments/{shipment}/redirect", merchants, c.redirectShipment},
		{"POST /shop/parcels/{barcode}/extend", merchants, c.extendMine},
		{"POST /shop/parcels/{barcode}/reissue", merchants, c.reissueMine},
		{"GET /shop/labels", merchants, c.labels},
		{"GET /shop/import", merchants, c.importPage},
		{"GET /shop/import/example.csv", merchants, c.importExample},
		{"POST /shop/import", merchants, c.importShipments},
		{"GET /shop/returns", merchants, c.returns},
		{"POST /shop/returns", merchants, c.makeReturn},
		{"GET /shop/tariffs", merchants, c.tariffsPage},
		{"GET /shop/tariffs/prices.csv", merchants, c.pricesCSV},
		{"GET /shop/tariffs/lanes.csv", merchants, c.lanesCSV},
		{"GET /shop/balance", merchants, c.balance},
		{"GET /shop/balance/{act}", merchants, c.balanceAct},
		{"GET /shop/keys", merchants, c.myKeys},
		{"POST /shop/keys", merchants, c.newKeyOfMine},
		{"POST /shop/keys/{key}/end", merchants, c.endKeyOfMine},
		{"GET /shop/webhooks", merchants, c.webhooks},
		{"POST /shop/webhooks", merchants, c.addWebhook},
		{"GET /shop/webhooks/{webhook}", merchants, c.webhook},
		{"POST /shop/webhooks/{webhook}/test", merchants, c.testWebhook},
		{"POST /shop/webhooks/{webhook}/replay", merchants, c.replay},
		{"POST /shop/webhooks/{webhook}/drop", merchants, c.dropWebhook},
		{"POST /shop/webhooks/{webhook}/deliveries/{delivery}/again", merchants, c.resend},
		{"GET /shop/widget", merchants, c.choice},

		{"GET /console/me", anybody, c.me},
		{"POST /console/me/passkeys/drop", anybody, c.dropPasskey},
		{"POST /console/me/link", anybody, c.anotherDevice},
		{"GET /console/users", ofEvidence, c.users},
		{"POST /console/users", admin, c.addUser},
		{"POST /console/users/{user}/role", admin, c.setRole},
		{"POST /console/users/{user}/link", admin, c.linkUser},
		{"POST /console/users/{user}/end", admin, c.endUser},
		{"GET /console/audit", ofEvidence, c.audit},
		{"GET /console/audit.csv", ofEvidence, c.auditCSV},
	}
}

// allow says whether somebody may use the route that a link leads to, so that a page shows nobody what they may not do.
func (c *console) allow(role account.Role, method, path string) bool {
	r, err := http.NewRequest(method, path, nil)
	if err != nil {
		return false
	}
	_, pattern := c.mux.Handler(r)
	i := slices.IndexFunc(c.table, func(row route) bool { return row.pattern == pattern })
	return i >= 0 && c.table[i].who.may(role)
}

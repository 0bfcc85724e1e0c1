package epcis

import "lockstep/parcel"

// word is what a state is in the Core Business Vocabulary: the step that leads to it and what the parcel is
// then.
type word struct{ step, disposition string }

// words say it for each state. Where the vocabulary has no word of the trade's, its own example decided: "sold and awaiting customer
// pick-up" is non_sellable_other, a quarantine is holding, a despatch advice is shipping.
var words = map[parcel.State]word{
	parcel.Announced:  {"commissioning", "active"},
	parcel.Dispatched: {"shipping", "in_transit"},
	parcel.Stored:     {"storing", "non_sellable_other"},
	parcel.Overdue:    {"holding", "non_sellable_other"},
	parcel.Uncertain:  {"holding", "unknown"},
	parcel.Collected:  {"dispensing", "dispensed"},
	parcel.Withdrawn:  {"departing", "in_transit"},
	parcel.Recovered:  {"holding", "unavailable"}, // set aside by persons
	parcel.Returned:   {"receiving", "returned"},
	parcel.Cancelled:  {"void_shipping", "inactive"},
}

// vocabulary is what a row of the lifecycle is. One that leaves the parcel where it was is no step of the vocabulary's.
func vocabulary(before, after parcel.State) (step, disposition string) {
	w := words[after]
	if before == after {
		return "other", w.disposition
	}
	return w.step, w.disposition
}

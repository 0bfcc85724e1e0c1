/*
 * Quarantine and its release. Two compartments, carriers X and Y, one parcel of each: parcel 1 is X's, parcel 2 is Y's. A deposit
 * may end in cancel after the door was open, too small, not empty, jam or crash; a stored parcel's door may be forced. What is
 * left is QUARANTINE of the depositing carrier, and only its courier opens it again and says stored or taken out.
 *
 * Couriers speak the truth about what they see; recipients may leave their parcel inside, which gives it up. Sensors are none.
 */
#define DOORS 2
#define X 1
#define Y 2
#define RECIPIENT 3
#define MAY_SEE(person, p) (person == p && !custody[p] || person == RECIPIENT && custody[p] || givenUp[p])
#define ONE_DOOR !(isOpen[0] && isOpen[1])
inline latch(d) {
	if
	:: doorOpens(d)
	:: skip
	fi
}
bool custody[3]; /* the guard has said stored, and the code is its recipient's */
bool givenUp[3]; /* left inside by its recipient, or got at by force */
#include "locker.pml"

bool empty_with_a_parcel_inside, code_for_another_parcel;

mtype = { EMPTY, INTENT, OCCUPIED, COLLECTING, QUARANTINE };
mtype = { NONE, PRESS, PULSED, STANDING, SAY };
mtype = { DEPOSIT, COLLECT, REOPEN };
mtype = { UNSAID, SMALL, FULL, REGRET, PUT, GONE };

/* Facts. */
mtype occ[DOORS] = EMPTY;
byte named[DOORS];   /* barcode; 0 in a quarantine of unknown content */
byte carrier[DOORS];
bool viaReopen[DOORS];

/* Scene. */
bool up;
mtype stage = NONE, errand = DEPOSIT, ending = UNSAID;
byte door, parcel, who;
bool looked; /* in a reopening: the door was really open before its ending was said */
bool writing;

#define ready (up && !writing)
#define inside(p) (behind[0] == p || behind[1] == p)
#define believed(d, p) (named[d] == p && (occ[d] == OCCUPIED || occ[d] == COLLECTING || occ[d] == INTENT))
#define holds(p) (believed(0, p) || believed(1, p))

inline endVisit() { stage = NONE; errand = DEPOSIT; ending = UNSAID; door = 0; parcel = 0; who = 0; looked = false }
inline begin(what, d, p, c) { errand = what; door = d; parcel = p; who = c; stage = PRESS; ending = UNSAID; looked = false }

inline wantDeposit(p, c) {
	if
	:: occ[0] == EMPTY && !holds(p) -> begin(DEPOSIT, 0, p, c)
	:: occ[1] == EMPTY && !holds(p) -> begin(DEPOSIT, 1, p, c)
	:: else
	fi
}

#ifdef BUG_ANOTHER_CARRIER_MAY_REOPEN
#define mayReopen(d, c) (occ[d] == QUARANTINE)
#else
#define mayReopen(d, c) (occ[d] == QUARANTINE && carrier[d] == c)
#endif

#define rightful (errand == DEPOSIT && occ[door] == EMPTY || errand == REOPEN && mayReopen(door, who) || errand == COLLECT && occ[door] == OCCUPIED && named[door] == parcel)

inline writeIntent() {
	if
	:: errand == DEPOSIT -> occ[door] = INTENT; named[door] = parcel; carrier[door] = who; viaReopen[door] = false
	:: errand == REOPEN -> occ[door] = INTENT; viaReopen[door] = true
	:: errand == COLLECT -> occ[door] = COLLECTING
	fi
}

/* stored: the door is closed, the code is born and goes to the recipient of the barcode. */
inline stored() {
	occ[door] = OCCUPIED; named[door] = parcel; viaReopen[door] = false;
	if /* where this parcel was thought to be, it is not */
	:: occ[1 - door] == QUARANTINE && named[1 - door] == parcel -> named[1 - door] = 0
	:: else
	fi;
	must(behind[door] == 0 || behind[door] == parcel, code_for_another_parcel);
	if
	:: behind[door] == parcel -> custody[parcel] = true
	:: else
	fi;
	endVisit()
}

inline emptied() {
	occ[door] = EMPTY; named[door] = 0; viaReopen[door] = false; /* the carrier stays, as after a collection */
	must(behind[door] == 0 || errand == COLLECT && givenUp[behind[door]], empty_with_a_parcel_inside);
	endVisit()
}

inline quarantined(name) { occ[door] = QUARANTINE; named[door] = name; viaReopen[door] = false; endVisit() }

inline closed() {
	if
	:: errand == COLLECT -> emptied()
	:: errand == DEPOSIT && ending == UNSAID -> stored()
	:: errand == DEPOSIT && ending == REGRET ->
#ifdef BUG_CANCEL_MEANS_EMPTY
		emptied()
#else
		quarantined(parcel)
#endif
	:: errand == DEPOSIT && (ending == SMALL || ending == FULL) ->
#ifdef BUG_NOT_EMPTY_MEANS_EMPTY
		emptied()
#else
		quarantined(0)
#endif
	:: errand == REOPEN && ending == UNSAID -> stage = SAY
	:: errand == REOPEN && ending == PUT -> stored()
	:: errand == REOPEN && ending == GONE -> emptied()
	fi
}

inline fails() { /* jam, crash, unsaid */
	if
	:: errand == COLLECT -> occ[door] = OCCUPIED; endVisit()
	:: errand == DEPOSIT -> quarantined(parcel)
#ifdef BUG_UNSAID_MEANS_TAKEN_OUT
	:: errand == REOPEN -> emptied()
#else
	:: errand == REOPEN -> quarantined(named[door])
#endif
	fi
}

inline bootDoor(d) {
	if
#ifdef BUG_REOPENED_IS_EMPTY_AT_BOOT
	:: occ[d] == INTENT && viaReopen[d] -> occ[d] = EMPTY; named[d] = 0; door = d; emptied()
#endif
#ifdef BUG_INTENT_IS_OCCUPIED_AT_BOOT
	:: occ[d] == INTENT && !viaReopen[d] -> door = d; parcel = named[d]; stored(); must(inside(named[d]), code_for_another_parcel)
#endif
	:: occ[d] == INTENT -> occ[d] = QUARANTINE; viaReopen[d] = false
	:: occ[d] == COLLECTING -> occ[d] = OCCUPIED
	:: else
	fi
}

#define allShut (!isOpen[0] && !isOpen[1])

active proctype Guard() {
end:	do
	:: atomic { !up -> bootDoor(0); bootDoor(1); up = true }
	:: atomic { ready && edge && !(stage == PRESS && rightful && allShut) -> edge = false }
	:: atomic { ready && edge && stage == PRESS && rightful && allShut -> takePress(); writing = true }
	:: atomic { writing && stage == PRESS -> writeIntent(); stage = PULSED }
	:: atomic { writing && stage == PULSED -> writing = false;
		must(occ[door] == INTENT || occ[door] == COLLECTING, pulse_without_durable_intent);
		fire(door) }
	:: atomic { ready && stage == PULSED && isOpen[door] -> stage = STANDING }
	:: atomic { ready && stage == STANDING && !isOpen[door] -> closed() }
	:: atomic { ready && stage == PULSED -> fails() } /* jam */
	:: atomic { ready && stage == SAY -> fails() } /* nobody says what is in it */
	:: atomic { ready && stage == PRESS -> endVisit() }
	od
}

active proctype Power() {
end:	do
	:: atomic { up -> up = false; writing = false; edge = false; owed = false; endVisit() }
	:: atomic { armed -> armed = false }
	od
}

/* A thief forces a stored parcel's door: the guard sees it, takes the compartment out of use, and the code is dead. */
inline forced(d) {
	occ[d] = QUARANTINE;
	if
	:: behind[d] > 0 -> givenUp[behind[d]] = true; custody[behind[d]] = false
	:: else
	fi
}

/* The attacker holds the kiosk. It ends prompts, and asks for reopening in the name of whoever stands there. */
active proctype Attacker() {
end:	do
	:: atomic { ready && stage == PRESS -> endVisit() }
	:: atomic { ready && stage == NONE && allShut && occ[0] == OCCUPIED -> forced(0) }
	:: atomic { ready && stage == NONE && allShut && occ[1] == OCCUPIED -> forced(1) }
	od
}

inline wantReopen(d) {
	if
	:: stage == NONE && mayReopen(d, at) -> begin(REOPEN, d, named[d], at)
	:: else
	fi
}

inline says(what) { ending = what; looked = true }

/* What a courier does at an open door: he puts in, takes back, or says what is wrong. His word is about what he sees. */
inline useDoor(d) {
	if
	:: at == who && errand == DEPOSIT && behind[d] == 0 && !inside(parcel) && at != RECIPIENT && ending == UNSAID -> behind[d] = parcel
	:: at == who && errand == DEPOSIT && behind[d] == 0 && ending == UNSAID && stage == STANDING -> says(SMALL)
	:: at == who && errand == DEPOSIT && behind[d] == parcel && ending == UNSAID && stage == STANDING -> says(REGRET); behind[d] = 0
	:: at == who && errand == DEPOSIT && behind[d] == parcel && ending == UNSAID && stage == STANDING -> says(REGRET) /* and leaves it there */
	:: at == who && errand == DEPOSIT && behind[d] > 0 && behind[d] != parcel && ending == UNSAID && stage == STANDING -> says(FULL)
	:: at == who && errand == REOPEN && behind[d] > 0 && stage == STANDING -> behind[d] = 0; says(GONE)
	:: at == who && errand == REOPEN && behind[d] == 0 && stage == STANDING -> says(GONE)
	:: at == who && errand == REOPEN && behind[d] == named[d] && behind[d] > 0 && stage == STANDING -> says(PUT)
	:: at == RECIPIENT && behind[d] > 0 && custody[behind[d]] -> custody[behind[d]] = false; behind[d] = 0
#ifdef WITNESS_COLLECTED_AFTER_RELEASE
		; if :: released -> witness() :: else fi
#endif
	:: at == RECIPIENT && behind[d] > 0 && custody[behind[d]] -> givenUp[behind[d]] = true; custody[behind[d]] = false; isOpen[d] = false
	/* Whoever has had the door open and has a word to say, says it before closing; only an unseen opening ends in silence. */
	:: !(at == RECIPIENT && behind[d] > 0 && custody[behind[d]]) && !(errand == DEPOSIT && stage == STANDING && ending == UNSAID && behind[d] != parcel) -> isOpen[d] = false
	fi
}

bool released; /* some parcel became stored by way of quarantine */

active proctype People() {
end:	do
	:: atomic { at == NOBODY -> if :: at = X :: at = Y :: at = RECIPIENT fi }
	:: atomic { at != NOBODY && allShut && !edge && stage == NONE && ready -> at = NOBODY }
	:: atomic { at != NOBODY && !edge -> handPresses() }
	:: atomic { ready && stage == NONE && at == X && !inside(1) -> wantDeposit(1, X) }
	:: atomic { ready && stage == NONE && at == Y && !inside(2) -> wantDeposit(2, Y) }
	:: atomic { ready && (at == X || at == Y) -> wantReopen(0) }
	:: atomic { ready && (at == X || at == Y) -> wantReopen(1) }
	:: atomic { ready && stage == NONE && at == RECIPIENT && occ[0] == OCCUPIED -> begin(COLLECT, 0, named[0], RECIPIENT) }
	:: atomic { ready && stage == NONE && at == RECIPIENT && occ[1] == OCCUPIED -> begin(COLLECT, 1, named[1], RECIPIENT) }
	:: atomic { at != NOBODY && isOpen[0] -> useDoor(0) }
	:: atomic { at != NOBODY && isOpen[1] -> useDoor(1) }
	:: atomic { ready && stage == SAY && at == who && behind[door] == 0 -> ending = GONE; emptied() }
	:: atomic { ready && stage == SAY && at == who && behind[door] > 0 && behind[door] == parcel -> ending = PUT; released = true; stored() }
	:: atomic { !inside(1) && givenUp[1] -> givenUp[1] = false }
	:: atomic { !inside(2) && givenUp[2] -> givenUp[2] = false }
	od
}

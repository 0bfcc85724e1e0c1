/*
 * Deposit and collection at two compartments: codes, grace, presses, jams, silent boards, power cuts at every step, and an
 * attacker who holds hub, link and kiosk and sends as much as it likes for ever.
 *
 * Every process is one loop of atomic steps. A decision of the guard is one step but for the press, which is three: judged and
 * taken, written, pulsed; the power may go between any two. All parcels are always expected, for the hub is the attacker's.
 * Parcel p belongs to recipient p. One carrier; its courier brings a parcel of a recipient again once the one before is
 * taken and its code dead, so that runs have no end. The courier is honest, recipients may leave their parcel inside. What
 * has become QUARANTINE stays it: its release is quarantine.pml's.
 */
#define DOORS 2
#define PARCELS 2
#define MAX_PULSES 2 /* one further press in a jam, where the guard has two */
#define COURIER 3
#define STRANGER 4 /* presses, and has no credential */

/* What is given, its recipient has left to others: the code was typed where an attacker reads it, or a prompt or an open
 * door was walked away from, or the parcel was left inside. */
#define MAY_SEE(person, p) (person == p || given[p] || person == COURIER && where[p] == INSIDE)
#define ONE_DOOR !(isOpen[0] && isOpen[1])

bool given[PARCELS + 1];

/* latch: it opens or jams; when all is quiet it opens. */
inline latch(d) {
	if
	:: doorOpens(d)
	:: !quiet -> skip
	fi
}

bool quiet; /* the epilogue has begun: no attacker, no faults, one honest recipient */

#include "locker.pml"

bool stored_under_another_name;

mtype = { EMPTY, INTENT, OCCUPIED, COLLECTING, QUARANTINE };
mtype = { NONE, PRESS, PULSED, JAMMED, STANDING };
mtype = { COLLECT, DEPOSIT };
mtype = { UNKNOWN, OPEN, CLOSED };
mtype = { CODE, ANSWER, CANCEL, REGRET };
mtype = { DEPOT, INSIDE, STORED, TAKEN }; /* inside is put in, and custody not yet taken over */
mtype = { WAITING, WRITING, PULSING };

/* Where parcels really are, what couriers really said. */
mtype where[PARCELS + 1] = DEPOT;
byte answered; /* what the courier in front means to put in */
byte held;     /* an answer of the courier's that the kiosk has and the guard has not */

/* Facts: the fold of the journal. */
mtype occ[DOORS] = EMPTY;
byte named[DOORS];
byte grace[DOORS]; /* re-openings left: at most one, where the guard has two */
bool byGrace[DOORS];

/* Scene: gone with the power. */
bool up;
mtype doing = WAITING;
mtype stage = NONE;
mtype errand = COLLECT;
byte door, parcel, pulses;
bool cancelled;
mtype seen[DOORS] = UNKNOWN;

#define inGrace(d) (occ[d] == EMPTY && grace[d] > 0)
#ifdef BUG_GRACE_OUTLIVES_DEPOSIT
#define codeOpens(d, p) (named[d] == p && (occ[d] == OCCUPIED || inGrace(d)) || lastly[d] == p && grace[d] > 0)
byte lastly[DOORS];
#else
#define codeOpens(d, p) (named[d] == p && (occ[d] == OCCUPIED || inGrace(d)))
#endif
#define takesDeposits(d) (occ[d] == EMPTY)
#define ready (up && doing == WAITING && !quiet)
#define holds(p) (named[0] == p && believedInside(0) || named[1] == p && believedInside(1))
#define believedInside(d) (occ[d] == OCCUPIED || occ[d] == COLLECTING || occ[d] == INTENT)

/* One door at a time. A door whose position is not known counts as open: after a start until it is read, after a pulse
 * until it is read again. */
#if defined(BUG_NO_ONE_DOOR_RULE)
#define noDoorOpen true
#elif defined(BUG_UNSEEN_DOOR_COUNTS_AS_SHUT)
#define noDoorOpen (seen[0] != OPEN && seen[1] != OPEN && seen[door] == CLOSED)
#else
#define noDoorOpen (seen[0] == CLOSED && seen[1] == CLOSED)
#endif

inline endVisit() { stage = NONE; errand = COLLECT; door = 0; parcel = 0; pulses = 0; cancelled = false }

/* ---- the guard ---- */

/* begin asks for a press: everything is decided, nothing is spent. */
inline begin(what, d, p) {
	errand = what; door = d; parcel = p; stage = PRESS
#ifdef BUG_PULSE_AT_PROMPT
	; occ[d] = (what == DEPOSIT -> INTENT : COLLECTING); fire(d)
#endif
}

inline ask(verb, p) {
	if
	:: verb == CODE && stage == NONE ->
		if
		:: codeOpens(0, p) -> begin(COLLECT, 0, p)
		:: codeOpens(1, p) -> begin(COLLECT, 1, p)
#ifdef BUG_MASTER_CODE
		:: occ[0] == OCCUPIED -> begin(COLLECT, 0, named[0])
#endif
		:: else /* a wrong code */
		fi
	:: verb == ANSWER && stage == NONE && !holds(p) ->
		if /* one in grace last */
		:: takesDeposits(0) && (!inGrace(0) || inGrace(1) || !takesDeposits(1)) -> begin(DEPOSIT, 0, p)
		:: takesDeposits(1) && (!inGrace(1) || inGrace(0) || !takesDeposits(0)) -> begin(DEPOSIT, 1, p)
#ifdef BUG_CALLER_NAMES_THE_COMPARTMENT
		:: begin(DEPOSIT, 1, p)
#endif
		:: else /* full */
		fi
	:: verb == CANCEL && stage == PRESS -> endVisit()
	:: verb == CANCEL && stage == JAMMED -> giveUp()
	:: verb == REGRET && stage == STANDING && errand == DEPOSIT && parcel == p -> cancelled = true
	:: else
	fi
}

/* What is judged again after the press. */
#ifdef BUG_CALLER_NAMES_THE_COMPARTMENT
#define mayTake(d) true
#else
#define mayTake(d) takesDeposits(d)
#endif
#define rightful (pulses > 0 || errand == COLLECT && codeOpens(door, parcel) || errand == DEPOSIT && mayTake(door))
#define wanted (stage == PRESS || stage == JAMMED)

inline writeIntent() {
	if
	:: pulses > 0 /* again: the intent stands */
	:: pulses == 0 && errand == COLLECT ->
		byGrace[door] = (occ[door] == EMPTY);
		if
		:: byGrace[door] -> grace[door]--
		:: else
		fi;
		occ[door] = COLLECTING
	:: pulses == 0 && errand == DEPOSIT ->
		occ[door] = INTENT; named[door] = parcel; byGrace[door] = false
#ifndef BUG_GRACE_OUTLIVES_DEPOSIT
		; grace[door] = 0
#endif
	fi
}

inline sendPulse() {
	must(occ[door] == INTENT || occ[door] == COLLECTING, pulse_without_durable_intent);
	pulses++; stage = PULSED; seen[door] = UNKNOWN;
	fire(door)
}

inline opened() { stage = STANDING }

inline closed() {
	if
	:: errand == COLLECT ->
		if
		:: byGrace[door] /* of the ones left, one is used already */
#ifdef BUG_GRACE_OUTLIVES_DEPOSIT
		:: else -> grace[door] = 1; lastly[door] = parcel
#else
		:: else -> grace[door] = 1
#endif
		fi;
		byGrace[door] = false; occ[door] = EMPTY
#ifdef WITNESS_COLLECTED
		; if :: where[parcel] == TAKEN && behind[door] == 0 -> witness() :: else fi
#endif
	:: errand == DEPOSIT && !cancelled ->
		occ[door] = OCCUPIED; named[door] = parcel;
		must(behind[door] == 0 || behind[door] == parcel || given[behind[door]], stored_under_another_name);
		if
		:: behind[door] == parcel -> where[parcel] = STORED; given[parcel] = false
		:: else
		fi
	:: errand == DEPOSIT && cancelled ->
#ifdef BUG_CANCEL_MEANS_EMPTY
		occ[door] = EMPTY; named[door] = 0
#else
		occ[door] = QUARANTINE; named[door] = 0
#endif
	fi;
	endVisit()
}

/* giveUp ends a visit whose door was pulsed and never seen open. */
inline giveUp() {
	if
	:: errand == DEPOSIT -> occ[door] = QUARANTINE; named[door] = 0
#ifdef BUG_JAM_MEANS_COLLECTED
	:: errand == COLLECT -> occ[door] = EMPTY
#else
	:: errand == COLLECT -> occ[door] = OCCUPIED
#endif
	fi;
	byGrace[door] = false;
	endVisit()
}

inline bootDoor(d) {
	if
#ifdef BUG_INTENT_IS_EMPTY_AT_BOOT
	:: occ[d] == INTENT -> occ[d] = EMPTY
#else
	:: occ[d] == INTENT -> occ[d] = QUARANTINE; named[d] = 0
#endif
#ifdef BUG_COLLECTING_IS_EMPTY_AT_BOOT
	:: occ[d] == COLLECTING -> occ[d] = EMPTY
#else
	:: occ[d] == COLLECTING -> occ[d] = OCCUPIED
#endif
	:: else
	fi;
	byGrace[d] = false
}

inline look(d) {
	seen[d] = (isOpen[d] -> OPEN : CLOSED);
	if
	:: door == d && (stage == PULSED || stage == JAMMED) && seen[d] == OPEN -> opened()
	:: door == d && stage == STANDING && seen[d] == CLOSED -> closed()
	:: else
	fi
}

#define shows(d) (isOpen[d] -> OPEN : CLOSED)

#define mayPulse (wanted && rightful && noDoorOpen)

/* The guard looks at a door that has changed, sooner or later; a board that is silent is one it has not looked at yet. */
active proctype Guard() {
end:	do
	:: atomic { !up -> bootDoor(0); bootDoor(1); up = true }
	:: atomic { up && doing == WAITING && seen[0] != shows(0) -> look(0) }
	:: atomic { up && doing == WAITING && seen[1] != shows(1) -> look(1) }
	:: atomic { up && doing == WAITING && edge && !mayPulse -> edge = false } /* nobody waits for it, or it is refused */
	:: atomic { up && doing == WAITING && edge && mayPulse -> takePress(); doing = WRITING }
#ifdef BUG_PULSE_BEFORE_WRITE
	:: atomic { doing == WRITING -> sendPulse(); doing = PULSING }
	:: atomic { doing == PULSING -> pulses--; writeIntent(); pulses++; doing = WAITING }
#else
	:: atomic { doing == WRITING -> writeIntent(); doing = PULSING }
	:: atomic { doing == PULSING -> doing = WAITING; sendPulse() }
#endif
	:: atomic { ready && stage == PRESS -> endVisit() } /* nobody pressed */
	:: atomic { ready && stage == PULSED && pulses < MAX_PULSES -> stage = JAMMED
#ifdef BUG_RETRY_ON_THE_SAME_PRESS
		; sendPulse()
#endif
		}
	:: atomic { ready && stage == PULSED && pulses == MAX_PULSES -> giveUp() }
	:: atomic { ready && stage == JAMMED -> giveUp() }
	:: atomic { ready && grace[0] > 0 && stage == NONE -> grace[0] = 0 } /* its time is over */
	:: atomic { ready && grace[1] > 0 && stage == NONE -> grace[1] = 0 }
	od
}

/* ---- the world ---- */

active proctype Power() {
end:	do
	:: atomic { up && !quiet -> /* gone, with all of the scene */
		up = false; doing = WAITING; edge = false; owed = false; seen[0] = UNKNOWN; seen[1] = UNKNOWN; held = 0; endVisit() }
	:: atomic { armed && !quiet -> armed = false } /* the 5 s are over */
	od
}

/* The attacker holds hub, link and kiosk. It sends what it likes as often as it likes; of codes and answers it has those that
 * came its way. What the link brings has no effect at all on these facts: FromLink only adds to what is expected. */
active proctype Attacker() {
end:	do
	:: atomic { ready -> ask(CANCEL, 0) }
	:: atomic { ready && given[1] -> ask(CODE, 1) }
	:: atomic { ready && given[2] -> ask(CODE, 2) }
	:: atomic { ready && held > 0 -> ask(ANSWER, held); held = 0 }
#ifdef BUG_LINK_MARKS_EMPTY
	:: atomic { ready && occ[0] == OCCUPIED -> occ[0] = EMPTY }
#endif
#ifdef BUG_LINK_OPENS
	:: atomic { ready && occ[0] == OCCUPIED && stage == NONE -> begin(COLLECT, 0, named[0]) }
#endif
	od
}

#define codeAlive(p) (codeOpens(0, p) || codeOpens(1, p))
#define doorsShut (!isOpen[0] && !isOpen[1])

/*
 * The courier puts a parcel in where the guard opened for that parcel. That he is told so by the kiosk's screen is a limit of
 * the protocol: a kiosk that keeps an answer back can lead him to the door of another parcel or, with its code, to a door in
 * grace.
 */
#if defined(LIMIT_COURIER_IS_LED_TO_ANOTHERS_DEPOSIT)
#define seemsMine(d) (errand == DEPOSIT && door == d && pulses > 0)
#elif defined(LIMIT_COURIER_IS_LED_TO_A_DOOR_IN_GRACE)
#define seemsMine(d) (door == d && pulses > 0 && (errand == COLLECT || parcel == answered))
#else
#define seemsMine(d) (errand == DEPOSIT && parcel == answered && door == d && pulses > 0)
#endif

inline useDoor(d) {
	if
	:: behind[d] == at -> behind[d] = 0; where[at] = TAKEN
	:: behind[d] == at -> given[at] = true; isOpen[d] = false /* leaves it inside */
	:: at == COURIER && answered > 0 && seemsMine(d) && behind[d] == 0 && where[answered] == DEPOT ->
		behind[d] = answered; where[answered] = INSIDE; answered = 0
	:: behind[d] != at -> isOpen[d] = false
	fi
}

/* answer: the courier's phone signs what is to be put in, and the kiosk hands it to the guard, or keeps it back. */
inline answer(p) {
	answered = p;
	if
	:: ready -> ask(ANSWER, p)
	:: held == 0 -> held = p
	fi
}

#define hasParcel(p) (at == COURIER && where[p] == DEPOT && doorsShut && !quiet)
#define isFree(p) (where[p] == TAKEN && !codeAlive(p) && !holds(p) && !quiet)

active proctype People() {
end:	do
	:: atomic { at == NOBODY && !quiet -> if :: at = 1 :: at = 2 :: at = COURIER :: at = STRANGER fi }
	:: atomic { at != NOBODY && !edge && doorsShut && !quiet ->
		if
		:: stage != NONE && (errand == COLLECT || pulses > 0) -> given[parcel] = true
		:: else
		fi;
		at = NOBODY }
	:: atomic { at != NOBODY && !edge && !quiet -> handPresses() }
	:: atomic { ready && (at == 1 || at == 2) -> ask(CODE, at) }
	:: atomic { (at == 1 || at == 2) && !given[at] && codeAlive(at) && !quiet -> given[at] = true } /* types it where the attacker reads along */
	:: atomic { hasParcel(1) -> answer(1) }
	:: atomic { hasParcel(2) -> answer(2) }
	:: atomic { ready && at == COURIER -> ask(REGRET, parcel) }
	:: atomic { at != NOBODY && isOpen[0] && !quiet -> useDoor(0) }
	:: atomic { at != NOBODY && isOpen[1] && !quiet -> useDoor(1) }
	:: atomic { isFree(1) -> where[1] = DEPOT; given[1] = false }
	:: atomic { isFree(2) -> where[2] = DEPOT; given[2] = false }
	od
}

#ifdef WITH_COLLECTABLE
/*
 * From every quiet moment a stored parcel's recipient gets it: what this process waits for in vain is an invalid end state.
 * Quiet is: nobody there, doors closed, the guard up, no visit.
 */
/* lies: p is stored behind door d, and no older code of a parcel of p's is in grace at the other. */
#define lies(d, p) (occ[d] == OCCUPIED && named[d] == p && behind[d] == p && !codeOpens(1 - d, p))
active proctype Epilogue() {
	byte p, d;
end:	atomic {
		ready && at == NOBODY && stage == NONE && doorsShut && (lies(0, 1) || lies(0, 2) || lies(1, 1) || lies(1, 2)) ->
		if
		:: lies(0, 1) -> d = 0; p = 1
		:: lies(0, 2) -> d = 0; p = 2
		:: lies(1, 1) -> d = 1; p = 1
		:: lies(1, 2) -> d = 1; p = 2
		fi;
		quiet = true; edge = false; at = p
	};
	(seen[0] == CLOSED && seen[1] == CLOSED);
	atomic { ask(CODE, p) };
	(stage == PRESS);
	atomic { handPresses() };
	atomic { isOpen[d] && stage == STANDING -> behind[d] = 0; isOpen[d] = false };
	(occ[d] == EMPTY && stage == NONE)
}
#endif

/*
 * Withdrawal and the two clocks. A parcel of carrier X lies in one compartment with a dwell of DWELL; what may take it out again
 * is its carrier, after the wall clock's lower bound and the powered hours have both passed.
 *
 * Time runs in units of half the dwell time, to a horizon: deposit at any moment of it, and withdrawal with room after it. The
 * guard's bounds are lo and hi of the real time now; a power cut costs real time and no powered time. Of two time keys one is
 * stolen: it says any time, about any head. The other says the truth about the head it was shown, and the link delivers what
 * it has said when it likes, again and again.
 */
#define DOORS 1
#define HORIZON 8
#define DWELL 2
#define AGE 1 /* of a head that a receipt covers, in powered time */
#define X 1
#define Y 2
#define MAY_SEE(person, p) (person == X && due)
#define ONE_DOOR true
#define latch(d) doorOpens(d)
#include "locker.pml"

bool lower_bound_ahead_of_time, upper_bound_behind_time, overdue_before_the_deadline_told, overdue_before_its_powered_hours;
bool withdrawn_before_its_time, withdrawn_by_another_carrier, withdrawn_while_time_is_unsure;

mtype = { EMPTY, OCCUPIED, COLLECTING };

/* The truth. */
byte real = 1;
byte storedAt;     /* real time of the deposit */
byte available;    /* powered time since the deposit, as somebody before the locker counts it */
byte promised;     /* the deadline the recipient was told */
bool due;          /* DWELL has really passed, and was spent powered */
bool powered = true;

/* Facts. */
mtype occ = EMPTY;
byte hours;        /* powered time, ever */
byte lo;           /* lower bound of the time, 0 for never set */
byte told;         /* the deadline written at deposit, by the upper bound then; 0 when that was unknown */
byte storedLow, dueHours;
bool overdue;

/* Scene: gone with the power. */
byte hi;           /* upper bound, 0 for unknown */
bool prompt; byte who;
bool tookPress;

/* What the honest time key has said: the time, of a head signed at some powered time, in this boot or an earlier one. */
byte saidTime, saidHours; bool saidThisBoot;

#define max(a, b) (a > b -> a : b)
#define min(a, b) (a < b -> a : b)

#ifdef BUG_OVERDUE_BY_THE_UPPER_BOUND
#define clock hi
#else
#define clock lo
#endif
#ifdef BUG_POWERED_HOURS_NOT_REQUIRED
#define hoursPassed true
#else
#define hoursPassed (hours >= dueHours)
#endif
#ifdef BUG_DEADLINE_BY_THE_LOWER_BOUND
#define deadline (storedLow + DWELL)
#else
#define deadline (told > 0 -> told : storedLow + DWELL)
#endif
#ifdef BUG_UNSURE_TIME_WILL_DO
#define sure (lo > 0)
#else
#define sure (lo > 0 && hi > 0 && hi - lo < DWELL)
#endif

/* setTime takes two receipts that agree: utc of the honest key, and what the stolen one says of the same head. */
inline setTime(truth, when, lie) {
	if
	:: lie <= truth + hours - when && truth <= lie + hours - when ->
		lo = max(lo, min(truth, lie));
		hi = max(lo, max(truth, lie) + hours - when)
	:: else /* they do not agree */
	fi;
	judgeBounds()
}

inline judgeBounds() {
	must(lo <= real, lower_bound_ahead_of_time);
	must(hi == 0 || hi >= real, upper_bound_behind_time)
}

inline passes() {
	real++;
	if
	:: powered -> hours++;
		if
		:: lo > 0 -> lo++
		:: else
		fi;
		if
		:: hi > 0 -> hi++
		:: else
		fi;
		if
		:: occ != EMPTY -> available++
		:: else
		fi
	:: else
	fi;
	due = (occ != EMPTY && available >= DWELL && real >= storedAt + DWELL);
	judgeBounds()
}

inline ask(carrier) {
#ifdef BUG_ANY_CARRIER
	if
	:: occ == OCCUPIED && overdue && sure -> prompt = true; who = carrier
#else
	if
	:: occ == OCCUPIED && overdue && sure && carrier == X -> prompt = true; who = carrier
#endif
#ifdef BUG_A_LIST_IS_ENOUGH
	:: occ == OCCUPIED && sure && carrier == X -> prompt = true; who = carrier /* the hub says it is due */
#endif
	:: else
	fi
}

active proctype Guard() {
end:	do
	:: atomic { powered && occ == OCCUPIED && !overdue && sure && clock >= deadline && hoursPassed -> /* tickOverdue */
		overdue = true;
		must(real >= promised, overdue_before_the_deadline_told);
		must(available >= DWELL, overdue_before_its_powered_hours) }
	:: atomic { powered && edge -> edge = false;
		if
		:: prompt && occ == OCCUPIED && overdue && sure -> owed = true; tookPress = true
#ifdef BUG_A_LIST_IS_ENOUGH
		:: prompt && occ == OCCUPIED && sure -> owed = true; tookPress = true
#endif
		:: else -> prompt = false
		fi }
	:: atomic { powered && tookPress -> occ = COLLECTING; tookPress = false; prompt = false;
		must(hi > 0 && hi - lo < DWELL, withdrawn_while_time_is_unsure);
		must(due, withdrawn_before_its_time);
		must(who == X, withdrawn_by_another_carrier);
		at = who;
		fire(0) }
	:: atomic { powered && occ == COLLECTING && !isOpen[0] && !owed -> /* closed: taken; or jammed, or given up */
		if
		:: behind[0] == 0 -> occ = EMPTY; overdue = false; told = 0; promised = 0; storedLow = 0; dueHours = 0; storedAt = 0; available = 0; due = false
		:: else -> occ = OCCUPIED
		fi }
	od
}

active proctype Power() {
end:	do
	:: atomic { real < HORIZON -> passes() }
	:: atomic { powered -> powered = false; prompt = false; tookPress = false; owed = false; edge = false; saidThisBoot = false
#ifndef BUG_UPPER_BOUND_KEPT_OVER_A_POWER_CUT
		; hi = 0
#endif
		; if
		:: occ == COLLECTING -> occ = OCCUPIED
		:: else
		fi }
	:: atomic { !powered -> powered = true }
	od
}

byte n;
#ifdef BUG_OLD_BOOTS_RECEIPT
#define sameBoot true
#else
#define sameBoot saidThisBoot
#endif

/* The attacker holds hub, link, one time key and both carriers' couriers. */
active proctype Attacker() {
end:	do
	:: atomic { powered -> saidTime = real; saidHours = hours; saidThisBoot = true } /* a head is shown to the honest key */
	:: atomic { powered && !tookPress && saidTime > 0 && sameBoot && hours - saidHours <= AGE ->
		n = 1; /* the stolen key says any time */
		do
		:: n < HORIZON -> n++
		:: break
		od;
		setTime(saidTime, saidHours, n); n = 0 }
#ifdef BUG_ONE_TIME_KEY_IS_ENOUGH
	:: atomic { powered -> lo = HORIZON; hi = max(hi, HORIZON); judgeBounds() }
#endif
#ifdef BUG_TWO_RECEIPTS_OF_ONE_PERSON
	:: atomic { powered -> setTime(HORIZON, hours, HORIZON) }
#endif
#ifdef BUG_SYSTEM_CLOCK_MOVES_THE_LOWER_BOUND
	:: atomic { powered && real < HORIZON -> lo = real + 1; judgeBounds() }
#endif
#ifdef BUG_A_MESSAGE_SHORTENS_THE_DWELL
	:: atomic { powered && occ == OCCUPIED && told > 0 -> told = storedLow; dueHours = hours }
#endif
	:: atomic { powered && !prompt && !tookPress -> ask(X) }
	:: atomic { powered && !prompt && !tookPress -> ask(Y) }
	od
}

active proctype People() {
end:	do
	:: atomic { powered && occ == EMPTY && lo > 0 && !isOpen[0] && real + DWELL <= HORIZON -> /* a deposit, in one step */
		occ = OCCUPIED; behind[0] = 1; storedAt = real; available = 0; due = false; storedLow = lo; dueHours = hours + DWELL;
		told = (hi > 0 -> hi + DWELL : 0); promised = told }
	:: atomic { prompt && !edge -> handPresses() }
	:: atomic { isOpen[0] -> behind[0] = 0; isOpen[0] = false
#ifdef WITNESS_WITHDRAWN
		; if :: occ == COLLECTING -> witness() :: else fi
#endif
		}
	:: atomic { isOpen[0] -> isOpen[0] = false }
	od
}

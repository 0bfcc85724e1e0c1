/*
 * Lockdown and lift. Three stored parcels; doors are forced, stay open and are given up, the case is opened, a foreign address
 * answers on the bus, a second door moves in a pulse's window. Any of the five causes raises LOCKDOWN; while it lasts no
 * occupied compartment opens; a lift of two distinct persons that names this very record ends it, not while the cause stands.
 *
 * The attacker holds hub, link, kiosk and operator A with both of A's keys; operator B is honest and signs a lift only for the
 * lockdown that stands, once each. What was ever signed can be sent again for ever. Records have numbers that never come again:
 * all that matters of one is whether it is this lockdown's or an earlier one's.
 */
#define DOORS 3
#define MAY_SEE(person, p) true /* whose parcel it is, is core's matter */
#define ONE_DOOR true           /* and so is this: here doors are forced */
#define latch(d) doorOpens(d)

#include "locker.pml"

bool opened_while_locked_down, raised_by_a_message, lifted_by_one_person, lifted_by_an_earlier_lift;
bool lifted_while_the_cause_stands, lost_by_a_power_cut;
bool raised_by_one_opening_twice, a_second_opening_unnoticed;

mtype = { NOTHING, TWO_FORCED, SECOND_DOOR, CASE, FOREIGN, THREE_FAULTED };
mtype = { NEVER, EARLIER, THIS };

/* The truth. */
bool caseOpen, technician, foreign;
bool forcedOpen[DOORS]; /* stands open by force */

/* Facts. */
bool locked; mtype cause = NOTHING;
bool recently;  /* an uncommanded opening within the last ten minutes */
byte faulty;    /* doors given up */
bool judged[DOORS]; /* the opening of this door has been judged; a power cut does not make it a new one */

/* Scene. */
bool up; bool prompt; bool writing; bool window; /* from the pulse to the door seen open */

/* What operators have signed, and what guard and properties know of it. */
mtype signedA = NEVER, signedB = NEVER;
bool lately;   /* recently, as somebody says whom no power cut makes forget */
bool fresh[DOORS]; /* this opening has not been counted yet */
bool shouldBe; /* locked down, as somebody who sees everything says */

#ifdef BUG_CAUSE_DOES_NOT_MATTER
#define causeStands false
#else
#define causeStands standing
#endif
#define standing (cause == CASE && caseOpen || cause == FOREIGN && foreign || cause == THREE_FAULTED && faulty >= 3 || (cause == TWO_FORCED || cause == SECOND_DOOR) && (forcedOpen[0] || forcedOpen[1] || forcedOpen[2]))

/* raise writes the lockdown, if there is none. A lift of an earlier one is worth nothing for it. */
inline raise(why) {
	shouldBe = true;
	if
	:: !locked -> locked = true; cause = why;
		if
		:: signedA == THIS -> signedA = EARLIER
		:: else
		fi;
		if
		:: signedB == THIS -> signedB = EARLIER
		:: else
		fi
	:: else
	fi
}

/* lift judges one statement: for which record, by whom. */
inline lift(record, persons) {
	if
#if defined(BUG_LIFT_NAMES_NO_RECORD)
	:: up && locked && persons >= 2 && !causeStands -> end_(record, persons)
#elif defined(BUG_TWO_KEYS_OF_ONE_PERSON)
	:: up && locked && record == THIS && persons >= 1 && !causeStands -> end_(record, persons)
#else
	:: up && locked && record == THIS && persons >= 2 && !causeStands -> end_(record, persons)
#endif
	:: else
	fi
}

inline end_(record, persons) {
	must(record == THIS, lifted_by_an_earlier_lift);
	must(persons >= 2, lifted_by_one_person);
	must(!standing, lifted_while_the_cause_stands);
	locked = false; shouldBe = false; cause = NOTHING;
	signedA = (signedA == NEVER -> NEVER : EARLIER);
	signedB = (signedB == NEVER -> NEVER : EARLIER)
#ifdef WITNESS_LIFTED
	; witness()
#endif
}

/* seeForced is the third read of a door that nobody commanded open. */
inline seeForced(d) {
	judged[d] = true;
	if
	:: window -> raise(SECOND_DOOR)
	:: !window && recently -> must(fresh[d], raised_by_one_opening_twice); raise(TWO_FORCED)
	:: else -> must(!lately, a_second_opening_unnoticed); recently = true; lately = true
	fi;
	fresh[d] = false
}

active proctype Guard() {
end:	do
	:: atomic { !up -> up = true
#ifdef BUG_LOCKDOWN_IS_FORGOTTEN_AT_BOOT
		; locked = false; cause = NOTHING
#endif
#ifdef BUG_OPENINGS_ARE_FORGOTTEN_AT_BOOT
		; recently = false
#endif
#ifdef BUG_AN_OPENING_COUNTS_AGAIN_AFTER_BOOT
		; judged[0] = false; judged[1] = false; judged[2] = false
#endif
		; must(locked == shouldBe, lost_by_a_power_cut) }
	:: atomic { up && !writing && forcedOpen[0] && !judged[0] -> seeForced(0) }
	:: atomic { up && !writing && forcedOpen[1] && !judged[1] -> seeForced(1) }
	:: atomic { up && !writing && forcedOpen[2] && !judged[2] -> seeForced(2) }
	:: atomic { up && !writing && caseOpen && !technician && !(locked && cause == CASE) -> raise(CASE) }
	:: atomic { up && !writing && foreign && !(locked && cause == FOREIGN) -> raise(FOREIGN) }
	:: atomic { up && !writing && faulty < 3 && (forcedOpen[0] && judged[0] || forcedOpen[1] && judged[1] || forcedOpen[2] && judged[2]) -> /* left open, given up */
		faulty++;
		if
		:: faulty == 3 -> raise(THREE_FAULTED)
		:: else
		fi }
	:: atomic { up && !writing && recently -> recently = false; lately = false } /* the ten minutes are over */
	:: atomic { up && !writing && edge && !(prompt && !locked) -> edge = false; prompt = false }
#ifdef BUG_NOT_JUDGED_AGAIN_AFTER_THE_PRESS
	:: atomic { up && !writing && edge && prompt -> takePress(); writing = true; prompt = false }
#else
	:: atomic { up && !writing && edge && prompt && !locked -> takePress(); writing = true; prompt = false }
#endif
	:: atomic { up && writing -> writing = false; window = true;
		must(!locked, opened_while_locked_down);
		fire(0)
#ifdef WITNESS_OPENED
		; if :: isOpen[0] -> witness() :: else fi
#endif
		}
	:: atomic { up && window -> window = false; isOpen[0] = false } /* seen open, and closed again */
	od
}

active proctype Power() {
end:	do
	:: atomic { up -> up = false; prompt = false; writing = false; window = false; edge = false; owed = false; isOpen[0] = false }
	:: atomic { armed -> armed = false }
	od
}

/* Messages: requests, restrictions, wrong codes, lifts; nothing of what comes this way raises a lockdown. */
active proctype Attacker() {
end:	do
	:: atomic { up && !writing && !locked && !prompt -> prompt = true } /* a code that somebody gave */
	:: atomic { up && prompt && !writing -> prompt = false }
	:: atomic { signedA = THIS } /* A's keys are stolen: any record, at any time */
	:: atomic { signedA != NEVER && signedB != NEVER && signedA == signedB -> lift(signedA, 2) }
	:: atomic { signedB == EARLIER -> lift(EARLIER, 2) } /* A signs the earlier record again */
	:: atomic { up -> lift(THIS, 1) } /* by both keys of A */
#ifdef BUG_A_MESSAGE_RAISES_IT
	:: atomic { up && !locked && !writing -> locked = true; cause = NOTHING }
#endif
	:: atomic { up -> must(!locked || shouldBe, raised_by_a_message) }
	od
}

#define doorMoves(d) atomic { !forcedOpen[d] && !isOpen[d] -> forcedOpen[d] = true; judged[d] = false; fresh[d] = true }
#define doorShuts(d) atomic { forcedOpen[d] -> forcedOpen[d] = false; judged[d] = false; fresh[d] = false }

active proctype World() {
end:	do
	:: doorMoves(0)
	:: doorMoves(1)
	:: doorMoves(2)
	:: doorShuts(0)
	:: doorShuts(1)
	:: doorShuts(2)
	:: atomic { caseOpen = !caseOpen }
	:: atomic { foreign = !foreign }
	:: atomic { technician = !technician }
	:: atomic { faulty > 0 -> faulty-- } /* a technician mends one */
	:: atomic { !edge -> handPresses() }
	:: atomic { locked && !standing && signedB != THIS -> signedB = THIS } /* B has looked */
	od
}

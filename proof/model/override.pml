/*
 * Override: two distinct operators and a technician, over one challenge of the guard, open one compartment by one pulse. A
 * courier's session has a challenge of its own that may be outstanding at the same time.
 *
 * Parcel d lies behind door d, both strangers' to whoever stands there. Operator A's keys (two, of one person) are stolen: the
 * attacker signs with them over any challenge for any compartment. Operator B and technician T are honest: they sign only an
 * override challenge that is outstanding, for the compartment they agreed on; T also answers session challenges in his work.
 * Whatever was ever signed can be sent again for ever, at any door.
 *
 * A nonce never comes again, so all that matters of a signature is whether it is over the courier's challenge of now, the
 * override's of now, or one that is gone.
 */
#define DOORS 2
#define MAY_SEE(person, p) agreed
#define ONE_DOOR !(isOpen[0] && isOpen[1])
inline latch(d) {
	if
	:: doorOpens(d)
	:: skip
	fi
}
bool agreed; /* B and T have agreed to this very pulse: the challenge, this compartment, not used yet */
#include "locker.pml"

/* Behind each door lies a parcel that is nobody's in front. */
init { atomic { behind[0] = 1; behind[1] = 2 } }

bool override_not_agreed, override_used_twice, courier_opened_without_his_answer, override_of_an_earlier_boot;

mtype = { NONE, GONE, SESSION, OVERRIDE };  /* what a signature is over */
mtype = { PRESS, WRITING, PULSING, PULSED };

/* Scene: challenges die with the power. */
bool up;
bool outstanding[2];      /* 0 the courier's session, 1 the override */
#ifdef BUG_NONCE_IS_NOT_CONSUMED
#define consume skip
#else
#define consume outstanding[1] = false
#endif

mtype stage = NONE; bool byOverride; byte door;

/* Signatures that exist: over which challenge, for which compartment. A's exist for all. */
mtype overB = NONE, overT = NONE; byte forB, forT;
mtype answerT = NONE; /* T's answer in a technician's session */
mtype answerC = NONE; /* a courier's answer */

/* What only the properties know. */
bool used;      /* the override challenge of now has had its pulse */
bool thisBoot;  /* it was made in this boot */

inline age(kind) {
	if
	:: overB == kind -> overB = GONE
	:: else
	fi;
	if
	:: overT == kind -> overT = GONE
	:: else
	fi;
	if
	:: answerT == kind -> answerT = GONE
	:: else
	fi;
	if
	:: answerC == kind -> answerC = GONE
	:: else
	fi
}

#define idle (up && stage == NONE)

/* An override is believed when all its signatures are over the challenge outstanding, for one and the same compartment. A's is
 * there whenever it is wanted, by either key; so B's and T's decide. */
#if defined(BUG_ANY_PURPOSE_WILL_DO)
#define technicianSigned(d) (overT == OVERRIDE && forT == d || answerT == SESSION && outstanding[0])
#else
#define technicianSigned(d) (overT == OVERRIDE && forT == d)
#endif
#if defined(BUG_TWO_KEYS_OF_ONE_PERSON)
#define operatorsSigned(d) true
#elif defined(BUG_COMPARTMENT_IS_NOT_SIGNED)
#define operatorsSigned(d) (overB == OVERRIDE)
#elif defined(BUG_AN_OLD_CHALLENGE_WILL_DO)
#define operatorsSigned(d) ((overB == OVERRIDE || overB == GONE) && forB == d)
#else
#define operatorsSigned(d) (overB == OVERRIDE && forB == d)
#endif
#if defined(BUG_NO_TECHNICIAN)
#define believed(d) operatorsSigned(d)
#elif defined(BUG_AN_OLD_CHALLENGE_WILL_DO)
#define believed(d) (operatorsSigned(d) && (overT == OVERRIDE || overT == GONE) && forT == d)
#else
#define believed(d) (operatorsSigned(d) && technicianSigned(d))
#endif

inline present(d) {
	if
	:: idle && outstanding[1] && believed(d) -> stage = PRESS; byOverride = true; door = d
	:: else
	fi
}

/* answer of a courier: only over the session's challenge. What it asks for is a deposit's door: here door 0 is empty for it. */
inline answer() {
	if
	:: idle && outstanding[0] && answerC == SESSION -> stage = PRESS; byOverride = false; door = 0; answerC = GONE
#ifdef BUG_AN_OVERRIDE_ANSWERS_A_SESSION
	:: idle && outstanding[0] && overT == OVERRIDE -> stage = PRESS; byOverride = false; door = 0
#endif
	:: else
	fi
}

#define allShut (!isOpen[0] && !isOpen[1])
#define endVisit stage = NONE; byOverride = false; door = 0

active proctype Guard() {
end:	do
	:: atomic { !up -> up = true }
	:: atomic { up && edge && !(stage == PRESS && allShut) -> edge = false }
	:: atomic { up && edge && stage == PRESS && allShut -> takePress(); stage = WRITING }
	:: atomic { stage == WRITING -> stage = PULSING;
		if
		:: byOverride -> consume
		:: else
		fi }
	:: atomic { stage == PULSING -> stage = PULSED;
		if
		:: byOverride ->
			must(overB == OVERRIDE && overT == OVERRIDE && forB == door && forT == door, override_not_agreed);
			must(!used, override_used_twice);
			must(thisBoot, override_of_an_earlier_boot);
			used = true; agreed = true;
			fire(door);
			agreed = false
		:: else -> skip /* the courier's empty door: core's matter */; owed = false
		fi }
	:: atomic { stage == PULSED && allShut ->
#ifdef BUG_JAM_GIVES_A_SECOND_PULSE
		if
		:: byOverride -> stage = PRESS
		:: endVisit
		fi
#else
		endVisit
#endif
		}
	:: atomic { up && stage == PRESS -> endVisit } /* nobody pressed */
	:: atomic { idle && outstanding[1] -> outstanding[1] = false } /* the thirty minutes are over */
	:: atomic { idle && outstanding[0] -> outstanding[0] = false; age(SESSION) }
	od
}

active proctype Power() {
end:	do
	:: atomic { up -> up = false; edge = false; owed = false; endVisit; thisBoot = false; outstanding[0] = false; age(SESSION);
#ifndef BUG_OVERRIDE_SURVIVES_A_POWER_CUT
		outstanding[1] = false
#endif
		}
	:: atomic { armed -> armed = false }
	od
}

/* The attacker holds the kiosk, A's keys, and everything that was ever signed. */
active proctype Attacker() {
end:	do
	:: atomic { idle && !outstanding[1] -> outstanding[1] = true; used = false; thisBoot = true; age(OVERRIDE) }
	:: atomic { idle && !outstanding[0] -> outstanding[0] = true; age(SESSION) }
	:: atomic { idle -> present(0) }
	:: atomic { idle -> present(1) }
	:: atomic { idle -> answer();
		if
		:: stage == PRESS && !byOverride && answerC != GONE -> must(false, courier_opened_without_his_answer)
		:: else
		fi }
	od
}

active proctype People() {
	byte d;
end:	do
	:: atomic { outstanding[1] && overB != OVERRIDE -> if :: d = 0 :: d = 1 fi; overB = OVERRIDE; forB = d; d = 0 }
	:: atomic { outstanding[1] && overT != OVERRIDE -> if :: d = 0 :: d = 1 fi; overT = OVERRIDE; forT = d; d = 0 }
	:: atomic { outstanding[0] -> answerT = SESSION }
	:: atomic { outstanding[0] -> answerC = SESSION }
	:: atomic { !edge -> handPresses() }
	:: atomic { isOpen[0] -> isOpen[0] = false
#ifdef WITNESS_OPENED_BY_OVERRIDE
		; witness()
#endif
		}
	:: atomic { isOpen[1] -> isOpen[1] = false }
	od
}

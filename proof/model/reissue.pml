/*
 * Re-issue of a pickup code. One stored parcel; dispatch's key, and with it every re-issue, is the attacker's; what it changes of
 * the contact at the hub is its own too. The notifier pins the contact at first sight and sends a code to nobody else. A re-issue
 * kills the old code in the write in which the new one is born, at most MOST times a parcel.
 *
 * Codes are numbered by birth. A code is a secret that the guard seals to the notifier: the hub carries it, and cannot read it.
 * Old codes are known to whoever picked up an old message. Pace (ten minutes apart, five an hour) is not modelled.
 */
#define DOORS 1
#define MOST 3
#define MAY_SEE(person, p) (presented == born)
#define ONE_DOOR true
inline latch(d) {
	if
	:: doorOpens(d)
	:: skip
	fi
}
byte born = 1; /* the newest code */
byte presented; /* the code that this prompt stands on */

#include "locker.pml"

bool two_codes_alive, no_code_alive, code_sent_to_another, dead_code_opened, reissued_too_often;

mtype = { OCCUPIED, COLLECTING, EMPTY };

/* Facts. */
mtype occ = OCCUPIED;
byte alive = 1; byte alsoAlive; /* the second only where a rule is off */
byte times;

/* Scene. */
bool up; bool prompt; byte mac; bool writing;
bool halfway; /* the old code is dead and the new one not yet born: only where a rule is off */

/* The notifier. */
byte sealed = 1;  /* the newest code that a record carries up; the hub may hold it back */
bool asked;       /* the hub has named another contact */
byte sent;        /* the newest code sent to the pinned contact */

#define opens(code) (occ == OCCUPIED && code > 0 && (code == alive || code == alsoAlive))

inline type(code) {
	if
	:: up && !prompt && !writing && opens(code) -> prompt = true; mac = code
	:: else
	fi
}

/* reissue is FromLink's: records, and no pulse. */
inline reissue() {
	if
#ifdef BUG_REISSUED_WITHOUT_END
	:: occ == OCCUPIED && times < MOST + 1 ->
#else
	:: occ == OCCUPIED && times < MOST ->
#endif
		times++;
#ifdef BUG_REISSUE_IS_TWO_WRITES
		alive = 0; halfway = true
#else
#ifdef BUG_OLD_CODE_LIVES_ON
		alsoAlive = alive;
#endif
		born++; alive = born; sealed = born
#endif
		must(times <= MOST, reissued_too_often)
	:: else
	fi
}

#ifdef BUG_NOT_JUDGED_AGAIN_AFTER_THE_PRESS
#define rightful (occ == OCCUPIED)
#else
#define rightful (opens(mac))
#endif

active proctype Guard() {
	atomic { behind[0] = 1 };
end:	do
	:: atomic { !up -> up = true;
		if
		:: occ == COLLECTING -> occ = OCCUPIED
		:: else
		fi;
		halfway = false }
	:: atomic { up && halfway -> halfway = false; born++; alive = born; sealed = born }
	:: atomic { up && !writing && edge && !(prompt && rightful) -> edge = false; prompt = false }
	:: atomic { up && !writing && edge && prompt && rightful -> takePress(); writing = true; prompt = false }
	:: atomic { writing && occ == OCCUPIED -> occ = COLLECTING }
	:: atomic { writing && occ == COLLECTING -> writing = false; presented = mac; mac = 0;
		must(presented == born, dead_code_opened);
		fire(0);
		presented = 0 }
	:: atomic { up && !writing && occ == COLLECTING && !isOpen[0] -> /* closed, or jammed */
		if
		:: behind[0] == 0 -> occ = EMPTY
		:: else -> occ = OCCUPIED
		fi }
	:: atomic { up && prompt && !writing -> prompt = false; mac = 0 }
	:: atomic { up && occ == OCCUPIED && !halfway -> must(alive == born, no_code_alive); must(alsoAlive == 0 || alsoAlive == alive, two_codes_alive) }
	od
}

active proctype Power() {
end:	do
	:: atomic { up -> up = false; prompt = false; mac = 0; writing = false; edge = false; owed = false
#ifdef BUG_REISSUE_IS_TWO_WRITES
		; if :: halfway -> must(false, no_code_alive) :: else fi
#endif
		}
	:: atomic { armed -> armed = false }
	od
}

active proctype Attacker() {
end:	do
	:: atomic { up && !writing && !halfway -> reissue() }
	:: atomic { asked = true }
	:: atomic { up -> type(1) } /* a finder's, in person or through the kiosk */
	:: atomic { born > 1 -> type(born - 1) }
	od
}

/* The notifier reads the records itself. To whom it sends was settled at first sight. */
active proctype Notifier() {
end:	do
	:: atomic { sent < sealed ->
#ifdef BUG_CONTACT_IS_NOT_PINNED
		must(!asked, code_sent_to_another);
#endif
		sent = sealed }
	od
}

active proctype People() {
end:	do
	:: atomic { sent > 0 -> type(sent) }
	:: atomic { !edge -> handPresses() }
	:: atomic { isOpen[0] -> behind[0] = 0; isOpen[0] = false
#ifdef WITNESS_COLLECTED_WITH_A_NEW_CODE
		; if :: born > 1 -> witness() :: else fi
#endif
		}
	:: atomic { isOpen[0] -> isOpen[0] = false }
	od
}

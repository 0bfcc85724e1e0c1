/*
 * The physical truth that every model shares: doors, parcels, the button, who stands in front. None of it is the guard's
 * belief; the guard learns of it only by its looks.
 *
 * A model says first how many DOORS there are and when somebody MAY_SEE(person, parcel). Parcel 0 is no parcel, person 0 is
 * nobody.
 *
 * A property has a name: a bool that nothing ever sets but its violation, so that what spin prints says what was broken.
 */
#define NOBODY 0

bool isOpen[DOORS];
byte behind[DOORS];
byte at;

bool armed;   /* power for the solenoids: from a press to the first pulse, or for 5 s */
bool edge;    /* a press as the guard will see it at its next look at the button */
bool owed;  /* the guard has taken a press and not yet pulsed for it; only the properties read it */

bool pulse_without_a_press_of_its_own, two_doors_open, foreign_parcel_exposed, pulse_without_durable_intent, witnessed;

inline must(holds, property) {
	if
	:: holds
	:: else -> property = true; assert(!property)
	fi
}

/* witness says that an honest end has been reached: a search that never comes here would prove nothing. */
inline witness() { witnessed = true; assert(!witnessed) }

inline handPresses() { armed = true; edge = true }

/* takePress is the guard seeing the press; each press is seen at most once. */
inline takePress() { edge = false; owed = true }

/* fire is the one frame that fires one latch. Without power nothing moves; with it the door opens or jams. */
inline fire(d) {
	must(owed, pulse_without_a_press_of_its_own);
	owed = false;
	if
	:: armed -> armed = false; latch(d)
	:: else
	fi
}

inline doorOpens(d) {
	isOpen[d] = true;
	must(ONE_DOOR, two_doors_open);
	must(behind[d] == 0 || MAY_SEE(at, behind[d]), foreign_parcel_exposed)
}

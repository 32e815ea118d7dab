/* The rules of the gate, small enough to be checked exhaustively: tests/model/check.sh.
 *
 * Two order slots, a limit, a lease, a latch, a kill switch, and a venue that is as unkind as it may be: every message of either
 * direction may be overtaken, requests and their answers may get lost, fills come when they like and as often as the order
 * has quantity left, and a cancel may lose its race against a fill. Buys only: the sell side is its mirror.
 *
 * What we know        pos, exposure[] (what each order may still buy), the lease, the latch
 * What is true        vpos, vleft[] (what each order may still buy at the venue), what is on the wire
 *
 * Checking and leaving are one step, as in the core: the order goes to the transport in the step that checked it.
 *
 * Checked in every state:
 *   gate_holds     no order leaves through a shut gate (lease out, latched, or killed)
 *   limit_holds    what the venue has filled and may still fill of our orders stays within the limit
 *   never_below    the gate's exposure is never below the truth
 *
 * Mutations (each must be caught; check.sh runs them): -DRELEASE_ON_CANCEL_REQUEST, -DRELEASE_ON_TIMEOUT, -DIGNORE_LEASE,
 * -DRESEND_AFTER_UNKNOWN, -DNOT_FOUND_ONCE_IS_PROOF.
 */
#define ORDERS 2
#define LIMIT  3
#define SIZE   2 /* of an order: two of them do not fit, one and what it leaves may */

mtype = { FREE, SENT, LIVE, UNKNOWN, CANCELING, DONE };  /* an order as we see it */
mtype = { V_NONE, V_WIRE, V_OPEN, V_GONE };              /* ... as it is: not there, on the way to the venue, resting, final */

mtype state[ORDERS] = FREE;
mtype venue[ORDERS] = V_NONE;
byte  vleft[ORDERS];     /* the venue may still fill so much of it */
byte  unseen[ORDERS];    /* filled, and the fill is still on its way to us */
byte  exposure[ORDERS];  /* what we count for it */
bool  cancel_wire[ORDERS];
bool  ack_wire[ORDERS];
bool  gone_wire[ORDERS]; /* the venue's final word, with the total that it filled, is on its way */
byte  total[ORDERS];     /* filled at the venue, ever */
byte  counted[ORDERS];   /* fills that we have applied */

byte pos, vpos;
byte submits;
bool lease = true, latched, killed;
bool left_through_shut_gate;

#define GATE_OPEN (lease && !latched && !killed)

inline worst(ret) { /* position and everything that may still fill, as we count it */
    ret = pos + exposure[0] + exposure[1]
}

inline release(o) { exposure[o] = 0; state[o] = DONE }

inline try_submit(o) {
    byte w;
    d_step {
        worst(w);
        if
#ifdef IGNORE_LEASE
        :: !latched && !killed && w + SIZE <= LIMIT ->
#else
        :: GATE_OPEN && w + SIZE <= LIMIT ->
#endif
            exposure[o] = SIZE;  /* counted before it leaves */
            state[o] = SENT;
            venue[o] = V_WIRE;
            vleft[o] = SIZE;
            submits++;
            if
            :: !GATE_OPEN -> left_through_shut_gate = true
            :: else -> skip
            fi
        :: else -> skip
        fi;
        w = 0
    }
}

/* ---- what the venue and the network may do ---- */
active [ORDERS] proctype Venue() {
    byte o = _pid;
    do
    :: d_step { venue[o] == V_WIRE -> venue[o] = V_OPEN; ack_wire[o] = true }
    :: d_step { venue[o] == V_WIRE -> venue[o] = V_GONE; vleft[o] = 0; gone_wire[o] = true } /* rejected there */
    :: d_step { venue[o] == V_WIRE && state[o] == UNKNOWN -> venue[o] = V_NONE; vleft[o] = 0 } /* lost on the way */
    :: d_step { ack_wire[o] -> ack_wire[o] = false }                                            /* its answer lost */
    :: d_step { venue[o] == V_OPEN && vleft[o] > 0 -> vleft[o]--; vpos++; unseen[o]++; total[o]++ }
    :: d_step { venue[o] == V_OPEN && vleft[o] == 0 -> venue[o] = V_GONE; gone_wire[o] = true }
    :: d_step { venue[o] == V_OPEN && cancel_wire[o] -> cancel_wire[o] = false; venue[o] = V_GONE; vleft[o] = 0; gone_wire[o] = true }
    :: d_step { venue[o] != V_OPEN && cancel_wire[o] -> cancel_wire[o] = false }                /* too late, or too early */
    od
}

/* ---- what we do ---- */
active [ORDERS] proctype Orders() {
    byte o = _pid - ORDERS;
    do
    :: state[o] == FREE && submits < 3 -> try_submit(o)
    :: d_step { state[o] == SENT && ack_wire[o] -> ack_wire[o] = false; state[o] = LIVE }
    /* No answer within the deadline. */
    :: d_step { state[o] == SENT -> state[o] = UNKNOWN; latched = true;
#ifdef RELEASE_ON_TIMEOUT
                exposure[o] = 0
#endif
              }
    /* A fill is proof of life, acknowledged or not; it moves what it filled from the exposure to the position. */
    :: d_step { unseen[o] > 0 ->
                unseen[o]--; counted[o]++; pos++;
                if :: exposure[o] > 0 -> exposure[o]-- :: else -> skip fi;
                if :: state[o] == SENT || state[o] == UNKNOWN -> state[o] = LIVE :: else -> skip fi }
    :: d_step { (state[o] == LIVE || state[o] == UNKNOWN) && !cancel_wire[o] -> state[o] = CANCELING; cancel_wire[o] = true;
#ifdef RELEASE_ON_CANCEL_REQUEST
                exposure[o] = 0
#endif
              }
    :: d_step { state[o] == CANCELING && !cancel_wire[o] -> cancel_wire[o] = true } /* cancels may repeat */
    /* The final word counts when every fill that it names has been applied: until then the exposure stays. */
    :: d_step { gone_wire[o] && state[o] != FREE && state[o] != DONE && counted[o] == total[o] -> gone_wire[o] = false; release(o) }
    /* Asking: absence is believed when the venue cannot know the order any more, which "not found" twice, further apart than
     * its known lag, stands for. One "not found" may be an order still on the wire. */
#ifdef NOT_FOUND_ONCE_IS_PROOF
    :: d_step { state[o] == UNKNOWN && (venue[o] == V_NONE || venue[o] == V_WIRE) -> release(o) }
#else
    :: d_step { (state[o] == UNKNOWN || state[o] == CANCELING) && venue[o] == V_NONE -> release(o) }
#endif
    :: d_step { state[o] == UNKNOWN && venue[o] == V_OPEN -> state[o] = LIVE } /* found */
#ifdef RESEND_AFTER_UNKNOWN
    :: d_step { state[o] == UNKNOWN && (venue[o] == V_OPEN || venue[o] == V_GONE) -> venue[o] = V_WIRE; vleft[o] = SIZE; state[o] = SENT }
#endif
    /* The slot is used again, under a new client id, when nothing of the old order is left anywhere. */
    :: d_step { state[o] == DONE && (venue[o] == V_GONE || venue[o] == V_NONE) && unseen[o] == 0 && !cancel_wire[o] && !ack_wire[o] && !gone_wire[o] ->
                state[o] = FREE; venue[o] = V_NONE; total[o] = 0; counted[o] = 0 }
    od
}

active proctype Leases() {
    do
    :: d_step { lease -> lease = false }             /* silence: nobody has to say so */
    :: d_step { !lease -> lease = true }             /* good news */
    :: d_step { latched && state[0] != UNKNOWN && state[1] != UNKNOWN -> latched = false } /* re-armed */
    :: d_step { !killed -> killed = true }
    od
}

#define MAY_STILL_BUY (vleft[0] + vleft[1])
#define COUNTED (pos + exposure[0] + exposure[1])
#define TRUTH (vpos + MAY_STILL_BUY)

ltl gate_holds  { [] !left_through_shut_gate }
ltl limit_holds { [] (TRUTH <= LIMIT) }
ltl never_below { [] (COUNTED >= TRUTH) }

/**
 * A project with scarce resources, as flat arrays: the resource-constrained project scheduling problem (Brucker et
 * al., European Journal of Operational Research 112, 1999) with time lags, release and due dates, capacities that
 * change with time, and calendars. The one rule: time is counted in whole slots from 0, work never pauses but where
 * its own calendar is closed, and what the arrays say holds forward and, read from the other end, backward.
 */

/** `[from, amount]`: so much from that slot on. Ascending; nothing before the first; the last holds for ever. */
export type Step = readonly [from: number, amount: number]
/** A number where nothing changes with time. */
export type Profile = number | readonly Step[]

export type Activity = {
  /** Slots of work; 0 for a milestone, which needs no resource. */
  readonly duration: number
  readonly needs: readonly { readonly resource: number; readonly amount: number }[]
  /** Begins no earlier than this slot; 0 where it is not said. */
  readonly release?: number
  /** Late when it finishes after this slot. Every slot of lateness counts `weight` times. */
  readonly due?: number
  /** A whole number, 1 where it is not said. */
  readonly weight?: number
  /** Index of its calendar; it works around the clock where it has none. */
  readonly calendar?: number
}

/** `after` begins no earlier than `lag` slots (0 or more) after `before` is over. */
export type Precedence = { readonly before: number; readonly after: number; readonly lag: number }

/** Activities, resources and calendars are named by their position. */
export type Project = {
  readonly activities: readonly Activity[]
  readonly precedences: readonly Precedence[]
  readonly capacities: readonly Profile[]
  /** Open where the amount is above 0. Work that meets a closed slot pauses there, and holds nothing meanwhile. */
  readonly calendars?: readonly Profile[]
  /** Nothing may end after this slot. */
  readonly horizon?: number
}

/** One direction of time. Edges and needs of activity `j` are those from `…Start[j]` up to `…Start[j + 1]`. */
export type Side = {
  /** Slots of the arrays: any order of the activities finds room in them. */
  readonly axis: number
  readonly predecessorStart: Int32Array
  readonly predecessor: Int32Array
  readonly lag: Int32Array
  readonly successorStart: Int32Array
  readonly successor: Int32Array
  /** Amount of resource `r` in slot `t` at `t * resources + r`. */
  readonly capacity: Int32Array
  /** 1 where calendar `c` is open in slot `t`, at `c * axis + t`. */
  readonly open: Uint8Array
  /** An order in which predecessors come first, and the place of each activity in it. */
  readonly order: Int32Array
  readonly rank: Int32Array
}

export type Problem = {
  readonly size: number
  readonly resources: number
  /** What ends after this slot does not hold: the slots behind it are only there so that every order has an answer. */
  readonly horizon: number
  readonly duration: Int32Array
  readonly release: Int32Array
  /** -1 where there is none. */
  readonly due: Int32Array
  readonly weight: Int32Array
  /** 0 around the clock, otherwise one more than its index in the project. */
  readonly calendar: Int32Array
  readonly needStart: Int32Array
  readonly needResource: Int32Array
  readonly needAmount: Int32Array
  readonly forward: Side
  /**
   * The same with time running back from the end of that axis: what starts there at `t` finishes here at
   * `forward.axis - t`. It goes on before slot 0 for as long as any order needs.
   */
  readonly backward: Side
}

/** Start and end (exclusive) of every activity, in slots. */
export type Times = { readonly start: Int32Array; readonly finish: Int32Array }

/** Why there is no schedule at all. */
export type Impossible =
  | { readonly kind: 'cycle'; readonly activities: readonly number[] }
  /** There is never so much of the resource at once. */
  | {
      readonly kind: 'never_enough'
      readonly activity: number
      readonly resource: number
      readonly needs: number
      readonly most: number
    }
  /** No time is long enough in which all that it needs is there, even were it alone. */
  | { readonly kind: 'no_room'; readonly activity: number }

/** What a schedule costs: lateness counts first, the end among those that are equally late. Lower is better. */
export function costOf(
  { due, weight, horizon, forward, backward }: Problem,
  finish: Int32Array,
  shift = 0,
): number {
  let end = 0
  let lateness = 0
  for (let j = 0; j < finish.length; j += 1) {
    const over = finish[j]! + shift
    if (over > end) end = over
    if (due[j]! >= 0 && over > due[j]!) lateness += weight[j]! * (over - due[j]!)
  }
  return (end > horizon ? tooLate : 0) + lateness * (forward.axis + backward.axis) + end
}

/** Added to the cost of what ends behind the horizon; above all other costs, and sums with it are still exact. */
export const tooLate = 2 ** 50

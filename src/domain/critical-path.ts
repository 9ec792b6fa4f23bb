/**
 * When a tree of work orders can finish, and what its end hangs on (critical path method, PMBOK): forward, each
 * begins when the last thing that it waits for is over; back from the end, each may finish as late as what waits
 * for it allows. The one rule: a master has no time of its own while work orders are linked to it; it begins with
 * the first of them and finishes after the last, and after what it waits for itself.
 *
 * Hours of work run in the calendar of the work order. The lag of a dependency is waiting, not work (paint dries
 * at night): it runs around the clock, as the database checks it when a work order starts.
 */
import { aroundTheClock, msOfHour } from './calendar.ts'
import type { Calendar } from './calendar.ts'
import type { Network } from './network.ts'

/** What is known of a node's time: `planned` lies ahead, `running` has begun, `done` is over, `none` takes no time and holds nobody. */
export const modes = { planned: 0, running: 1, done: 2, none: 3 } as const

/** For each node, by its number. */
export type Timing = {
  readonly mode: Uint8Array
  /** Planned: hours of work. Running: hours that remain. */
  readonly hours: Float64Array
  /** Running and done: when it began, in milliseconds. */
  readonly began: Float64Array
  /** Done: when it ended. */
  readonly ended: Float64Array
}

/** Instants in milliseconds; NaN where there is none: what takes no time, and late dates of what the end does not hang on. */
export type Schedule = {
  readonly earliestStart: Float64Array
  readonly earliestFinish: Float64Array
  readonly latestStart: Float64Array
  readonly latestFinish: Float64Array
  /** Hours of work that its finish may slip without moving the end; NaN where it cannot slip any more or nothing waits for it. */
  readonly slackHours: Float64Array
  /** What waits longest for it: when the last predecessor (and, for a master, the last linked work order) is over. */
  readonly heldUntil: Float64Array
}

export type Reckoning = {
  readonly network: Network
  readonly timing: Timing
  /** What lies ahead begins no earlier than this. */
  readonly nowMs: number
  /** Whose end is asked for; one node, or several where a part of a tree has no common master. */
  readonly ends: readonly number[]
  readonly calendarOf?: (node: number) => Calendar
  /** Late dates and slack are not asked for. */
  readonly onlyForward?: boolean
}

const always = (): Calendar => aroundTheClock

export function reckon(reckoning: Reckoning): Schedule {
  const { size } = reckoning.network
  const empty = (): Float64Array => new Float64Array(size).fill(Number.NaN)
  const schedule = {
    earliestStart: empty(),
    earliestFinish: empty(),
    latestStart: empty(),
    latestFinish: empty(),
    slackHours: empty(),
    heldUntil: new Float64Array(size).fill(Number.NEGATIVE_INFINITY),
  }
  goForward(reckoning, schedule)
  if (reckoning.onlyForward !== true) goBack(reckoning, schedule)
  return schedule
}

const isHeld = (mode: number): boolean => mode === modes.planned

/**
 * Does what is free at that instant hold the target? What lies ahead is held by all that it waits for; what has begun,
 * or is over, only by what was over before that. A master that runs waits for what is linked to it.
 */
function holds({ network, timing }: Reckoning, target: number, free: number, isLink: boolean): boolean {
  const state = timing.mode[target]!
  if (state === modes.planned) return true
  if (state === modes.none) return false
  if (state === modes.running && isLink) return true
  const isOver = state === modes.done && network.linked[target]! > 0
  return free <= (isOver ? timing.ended[target]! : timing.began[target]!)
}
/** A master that has begun still waits for what is linked to it. */
const waitsForLinked = (mode: number): boolean => mode === modes.planned || mode === modes.running

function goForward(reckoning: Reckoning, schedule: Schedule): void {
  const { network, timing, nowMs, calendarOf = always } = reckoning
  const { parents, linked, outStart, outTo, outLagHours, order } = network
  const { mode, hours, began, ended } = timing
  const { earliestStart: start, earliestFinish: finish, heldUntil } = schedule
  const firstOfLinked = new Float64Array(network.size).fill(Number.POSITIVE_INFINITY)
  for (const node of order) {
    const state = mode[node]!
    if (state === modes.none) continue
    const isMaster = linked[node]! > 0
    const from = Math.max(nowMs, heldUntil[node]!)
    if (state === modes.done) {
      start[node] = began[node]!
      finish[node] = ended[node]!
    } else if (isMaster) {
      finish[node] = from
      start[node] = Math.min(
        firstOfLinked[node]!,
        state === modes.running ? began[node]! : Number.POSITIVE_INFINITY,
      )
      if (start[node] === Number.POSITIVE_INFINITY) start[node] = from
    } else {
      const calendar = calendarOf(node)
      finish[node] = calendar.addHours(state === modes.running ? nowMs : from, hours[node]!)
      // Work that is free at night begins with the next shift: led back from its end, it is found there.
      start[node] = state === modes.running ? began[node]! : calendar.addHours(finish[node], -hours[node]!)
    }
    const end = finish[node]
    for (let e = outStart[node]!; e < outStart[node + 1]!; e += 1) {
      const free = end + Math.round(outLagHours[e]! * msOfHour)
      const target = outTo[e]!
      if (free > heldUntil[target]! && holds(reckoning, target, free, false)) heldUntil[target] = free
    }
    const parent = parents[node]!
    if (parent < 0) continue
    if (end > heldUntil[parent]! && holds(reckoning, parent, end, true)) heldUntil[parent] = end
    if (start[node] < firstOfLinked[parent]!) firstOfLinked[parent] = start[node]!
  }
}

const later = (one: number, other: number): number => (one >= other || Number.isNaN(other) ? one : other)

/** When the last of the ends is over; NaN when none of them takes any time. */
export const lastEndOf = (ends: readonly number[], { earliestFinish }: Schedule): number =>
  ends.reduce((last, end) => later(last, earliestFinish[end]!), Number.NaN)

function goBack({ network, timing, ends, calendarOf = always }: Reckoning, schedule: Schedule): void {
  const { parents, linked, outStart, outTo, outLagHours, order } = network
  const { mode, hours } = timing
  const { earliestStart, earliestFinish, latestStart: start, latestFinish: finish, slackHours } = schedule
  const lastEnd = lastEndOf(ends, schedule)
  const isEnd = new Uint8Array(network.size)
  for (const end of ends) isEnd[end] = 1
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const node = order[at]!
    if (mode[node] === modes.none || mode[node] === modes.done) continue
    let latest = isEnd[node] === 1 ? lastEnd : Number.POSITIVE_INFINITY
    const parent = parents[node]!
    if (parent >= 0 && waitsForLinked(mode[parent]!) && finish[parent]! < latest) latest = finish[parent]!
    for (let e = outStart[node]!; e < outStart[node + 1]!; e += 1) {
      const target = outTo[e]!
      if (!isHeld(mode[target]!)) continue
      const limit = linked[target]! > 0 ? finish[target]! : start[target]!
      const free = limit - Math.round(outLagHours[e]! * msOfHour)
      if (free < latest) latest = free
    }
    if (latest === Number.POSITIVE_INFINITY) continue
    const calendar = calendarOf(node)
    finish[node] = latest
    slackHours[node] = calendar.hoursBetween(earliestFinish[node]!, latest)
    if (linked[node] === 0)
      start[node] =
        mode[node] === modes.running ? earliestStart[node]! : calendar.addHours(latest, -hours[node]!)
  }
  for (const node of order) {
    if (Number.isNaN(finish[node]!)) continue
    if (Number.isNaN(start[node]!)) start[node] = finish[node]!
    const parent = parents[node]!
    if (parent >= 0 && !Number.isNaN(finish[parent]!) && !(start[parent]! <= start[node]!))
      start[parent] = start[node]!
  }
}

/** Below a millisecond: calendars reckon in fractions of hours. */
const noSlackHours = 1 / msOfHour

/** The end moves when this one does. */
export const isCritical = ({ slackHours }: Schedule, node: number): boolean =>
  slackHours[node]! < noSlackHours

export type Paths = {
  /** Each from its beginning to the end, by number. */
  readonly paths: number[][]
  /** There are more than were asked for. */
  readonly more: boolean
}

/**
 * The chains that the end hangs on, followed back from it: each node to those that held it until it could begin (a
 * master: until it could finish). What is over is followed too, to what ended last before it began.
 */
export function findCriticalPaths(
  { network, timing, nowMs, ends }: Reckoning,
  schedule: Schedule,
  most: number,
): Paths {
  const { earliestFinish } = schedule
  const { first, next, source } = linkTight({ network, timing, nowMs }, schedule)
  const lastEnd = lastEndOf(ends, schedule)
  const paths: number[][] = []
  for (const end of ends) {
    if (earliestFinish[end] !== lastEnd) continue
    // Each step holds a node and the next edge to try: depth first, without recursion.
    const nodes = [end]
    const tries = [first[end]!]
    while (nodes.length > 0) {
      const top = nodes.length - 1
      const edge = tries[top]!
      if (edge >= 0) {
        tries[top] = next[edge]!
        nodes.push(source[edge]!)
        tries.push(first[source[edge]!]!)
        continue
      }
      if (first[nodes[top]!]! < 0) {
        if (paths.length === most) return { paths, more: true }
        paths.push(nodes.toReversed())
      }
      nodes.pop()
      tries.pop()
    }
  }
  return { paths, more: false }
}

type Tight = { readonly first: Int32Array; readonly next: Int32Array; readonly source: Int32Array }

/** For each node the edges by which it is held, as a chain of their numbers; links to masters stand behind the edges. */
function linkTight(
  { network, timing, nowMs }: Pick<Reckoning, 'network' | 'timing' | 'nowMs'>,
  { earliestFinish, heldUntil }: Schedule,
): Tight {
  const { size, parents, linked, outStart, outTo, outLagHours } = network
  const { mode } = timing
  const first = new Int32Array(size).fill(-1)
  const next = new Int32Array(outTo.length + size).fill(-1)
  const source = new Int32Array(outTo.length + size)
  const link = (edge: number, from: number, to: number, free: number): void => {
    // What lies ahead and could have begun before now is held by nothing.
    const couldBegin = linked[to] === 0 && mode[to] === modes.planned && heldUntil[to]! < nowMs
    if (free !== heldUntil[to] || mode[to] === modes.none || couldBegin) return
    source[edge] = from
    next[edge] = first[to]!
    first[to] = edge
  }
  for (let node = size - 1; node >= 0; node -= 1) {
    if (mode[node] === modes.none) continue
    for (let e = outStart[node + 1]! - 1; e >= outStart[node]!; e -= 1)
      link(e, node, outTo[e]!, earliestFinish[node]! + Math.round(outLagHours[e]! * msOfHour))
    const parent = parents[node]!
    // A master may wait for what is linked to it besides: that is one step of a path, not two.
    const isThere = parent >= 0 && first[parent]! >= 0 && source[first[parent]!] === node
    if (parent >= 0 && !isThere) link(outTo.length + node, node, parent, earliestFinish[node]!)
  }
  return { first, next, source }
}

/**
 * Makes an assignment in hours better: again and again some places are vacated, and what is vacated or unfilled is put
 * back into the freed seats by an exact assignment, so that shifts, swaps and chains of any length are found at once
 * (a very large neighbourhood: Ahuja, Ergun, Orlin and Punnen 2002). The one rule: a round never makes it worse.
 */
import { openFlow, sendFlow } from './assignment-flow.ts'
import type { Pairs } from './assignment-flow.ts'
import type { Knapsacks } from './assignment-bound.ts'
import type { Draw } from './simulate.ts'

export const nobody = -1
const chanceSteps = 1000
/** Of the crews, at least and at most this share is vacated: a round that vacates all finds the same answer again. */
const leastVacated = 0.3
const mostVacated = 0.95

/** A place of a job for each of its heads, those of job j from placeStart[j]: who takes it, or nobody. */
export type Places = {
  readonly placeStart: Int32Array
  /** The places of crew c are those from crewPlace[c] to before crewPlace[c + 1]. */
  readonly crewPlace: Int32Array
  readonly crewOf: Int32Array
  readonly jobOf: Int32Array
  readonly holder: Int32Array
  /** The pair by which the holder has it. */
  readonly pair: Int32Array
  readonly freeMinutes: Int32Array
}

/**
 * The cheapest takers that are proposed for each job, as many as it has places, and nobody twice in a crew; the proposal
 * keeps everybody's hours.
 */
export function toPlaces(
  { pairs, capacityMinutes, minutes, crewStart }: Knapsacks,
  isTaken: (pair: number, job: number) => boolean,
): Places {
  const jobs = pairs.headcount.length
  const placeStart = new Int32Array(jobs + 1)
  for (let job = 0; job < jobs; job += 1) placeStart[job + 1] = placeStart[job]! + pairs.headcount[job]!
  const count = placeStart[jobs]!
  const jobOf = new Int32Array(count)
  const holder = new Int32Array(count).fill(nobody)
  const pair = new Int32Array(count).fill(nobody)
  const freeMinutes = capacityMinutes.slice()
  const crewOf = new Int32Array(jobs)
  for (let crew = 0; crew + 1 < crewStart.length; crew += 1)
    crewOf.fill(crew, crewStart[crew], crewStart[crew + 1])
  const crewPlace = crewStart.map((job) => placeStart[job]!)
  const places = { placeStart, crewPlace, crewOf, jobOf, holder, pair, freeMinutes }
  for (let job = 0; job < jobs; job += 1) {
    jobOf.fill(job, placeStart[job], placeStart[job + 1])
    const takers: number[] = []
    for (let at = pairs.rowStart[job]!; at < pairs.rowStart[job + 1]!; at += 1)
      if (isTaken(at, job) && !isOn(places, job, pairs.person[at]!)) takers.push(at)
    takers.sort((a, b) => pairs.cost[a]! - pairs.cost[b]! || a - b)
    takers.slice(0, pairs.headcount[job]).forEach((at, head) => {
      holder[placeStart[job]! + head] = pairs.person[at]!
      pair[placeStart[job]! + head] = at
      freeMinutes[pairs.person[at]!]! -= minutes[job]!
    })
  }
  return places
}

/** Has this person a place of the job's crew? */
export function isOn({ crewOf, crewPlace, holder }: Places, job: number, person: number): boolean {
  const crew = crewOf[job]!
  for (let place = crewPlace[crew]!; place < crewPlace[crew + 1]!; place += 1)
    if (holder[place] === person) return true
  return false
}

export type Search = Knapsacks & {
  readonly unfilledCost: number
  readonly rounds: number
  /** Of the filled places, so many are vacated in a round at most; one of each crew in any case. */
  readonly vacated: number
  /** Only filling counts: stop when nothing is unfilled. */
  readonly onlyOpen: boolean
  readonly draw: Draw
}

/** Changes `places`. */
export function improve(search: Search, places: Places): void {
  for (let round = 0; round < search.rounds; round += 1) {
    if (search.onlyOpen && !places.holder.includes(nobody)) return
    const rows = vacate(search, places)
    reseat(search.onlyOpen ? withChance(search) : search, places, rows)
  }
}

/** Costs drawn anew: of the many answers that fill as much, another one each time, from which the next may fill more. */
function withChance(search: Search): Search {
  const { pairs, draw } = search
  return { ...search, pairs: { ...pairs, cost: pairs.cost.map(() => Math.floor(draw() * chanceSteps)) } }
}

/** Places of one person, or one that nobody has, which move together. */
type Row = { readonly places: readonly number[]; readonly left: number; readonly minutes: number }

/** At most one place of each crew, so that nobody gets two of one; an unfilled place always. */
function vacate(search: Search, places: Places): Row[] {
  const { vacated, draw, minutes } = search
  const { crewPlace, holder, freeMinutes, jobOf } = places
  const crews = crewPlace.length - 1
  const drawn = leastVacated + (mostVacated - leastVacated) * draw()
  const share = Math.min(drawn, vacated / Math.max(1, crews))
  const rows: Row[] = []
  const leaves = new Map<number, number[]>()
  for (let crew = 0; crew < crews; crew += 1) {
    const first = crewPlace[crew]!
    const heads = holder.subarray(first, crewPlace[crew + 1])
    const turn = Math.floor(draw() * heads.length)
    const isVacated = draw() < share
    const open = heads[turn] === nobody ? turn : heads.indexOf(nobody)
    if (open >= 0)
      rows.push({ places: [first + open], left: nobody, minutes: minutes[jobOf[first + open]!]! })
    else if (isVacated && heads.length > 0) {
      const left = heads[turn]!
      leaves.set(left, [...(leaves.get(left) ?? []), first + turn])
      freeMinutes[left]! += minutes[jobOf[first + turn]!]!
      heads[turn] = nobody
    }
  }
  for (const [left, own] of leaves) {
    const together = own.length > 1 && draw() < 0.5 ? [own] : own.map((place) => [place])
    for (const one of together) {
      const length = one.reduce((sum, place) => sum + minutes[jobOf[place]!]!, 0)
      rows.push({ places: one, left, minutes: length })
    }
  }
  return rows
}

type Seats = {
  readonly person: number[]
  readonly minutes: number[]
  readonly of: ReadonlyMap<number, number[]>
}

/**
 * A person's free time is cut into seats: one for each row that came from there, as long as that was, and what was free
 * besides goes to one of them or is a seat of its own. What was there fits again, so the old answer is among the new.
 */
function cutSeats({ draw }: Search, { freeMinutes }: Places, rows: readonly Row[]): Seats {
  const seats = { person: [] as number[], minutes: [] as number[], of: new Map<number, number[]>() }
  const rest = freeMinutes.slice()
  const add = (person: number, length: number): void => {
    const mine = seats.of.get(person) ?? []
    mine.push(seats.person.length)
    seats.of.set(person, mine)
    seats.person.push(person)
    seats.minutes.push(length)
  }
  for (const { left, minutes } of rows) {
    if (left === nobody) continue
    add(left, minutes)
    rest[left]! -= minutes
  }
  for (let person = 0; person < rest.length; person += 1) {
    if (rest[person]! <= 0) continue
    const mine = seats.of.get(person) ?? []
    const which = Math.floor(draw() * (mine.length + 1))
    if (which === mine.length) add(person, rest[person]!)
    else seats.minutes[mine[which]!]! += rest[person]!
  }
  return seats
}

type Option = { readonly seat: number; readonly cost: number; readonly pairs: readonly number[] }

function reseat(search: Search, places: Places, rows: readonly Row[]): void {
  const { minutes, unfilledCost } = search
  const { holder, pair, jobOf, freeMinutes } = places
  const seats = cutSeats(search, places, rows)
  const options = rows.map((row) => listOptions(search, places, seats, row))
  const rowStart = new Int32Array(rows.length + 1)
  options.forEach((one, row) => (rowStart[row + 1] = rowStart[row]! + one.length))
  const all = options.flat()
  const single = new Int32Array(rows.length).fill(1)
  const small: Pairs = {
    people: seats.person.length,
    headcount: single,
    rowStart,
    person: Int32Array.from(all, ({ seat }) => seat),
    cost: Float64Array.from(all, ({ cost }) => cost),
  }
  const room = new Int32Array(small.people).fill(1)
  const unfilled = Float64Array.from(rows, (row) => unfilledCost * row.places.length)
  const { taken } = sendFlow(openFlow({ pairs: small, size: single, room }), unfilled)
  rows.forEach((row, at) => {
    const option = options[at]!.find((_, i) => taken[rowStart[at]! + i] === 1)
    row.places.forEach((place, i) => {
      const person = option === undefined ? nobody : seats.person[option.seat]!
      holder[place] = person
      pair[place] = option?.pairs[i] ?? nobody
      if (person !== nobody) freeMinutes[person]! -= minutes[jobOf[place]!]!
    })
  })
}

/** The seats that are long enough, of people who can do all of the row and are in none of its crews. */
function listOptions({ pairs }: Search, places: Places, seats: Seats, row: Row): Option[] {
  const { jobOf, freeMinutes } = places
  const jobs = row.places.map((place) => jobOf[place]!)
  const [first = 0, ...others] = jobs
  const options: Option[] = []
  for (let at = pairs.rowStart[first]!; at < pairs.rowStart[first + 1]!; at += 1) {
    const person = pairs.person[at]!
    if (freeMinutes[person]! < row.minutes) continue
    const found = [at, ...others.map((job) => findPair(pairs, job, person))]
    if (found.includes(nobody)) continue
    if (jobs.some((job) => isOn(places, job, person))) continue
    const cost = found.reduce((sum, one) => sum + pairs.cost[one]!, 0)
    for (const seat of seats.of.get(person) ?? [])
      if (seats.minutes[seat]! >= row.minutes) options.push({ seat, cost, pairs: found })
  }
  return options
}

/** The pairs of a job are in the order of people. */
export function findPair({ rowStart, person }: Pairs, job: number, wanted: number): number {
  let from = rowStart[job]!
  let to = rowStart[job + 1]!
  while (from < to) {
    const middle = (from + to) >> 1
    if (person[middle]! < wanted) from = middle + 1
    else to = middle
  }
  return from < rowStart[job + 1]! && person[from] === wanted ? from : nobody
}

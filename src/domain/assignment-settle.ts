/**
 * What the numbers of a whole set leave out: windows that overlap share the same free hours. The one rule: what does not
 * fit together is given up, and only then offered to others, the cheapest first; so an answer always fits, and a bound that
 * knows nothing of this stays a bound. The same way, from nothing, is how people do it by hand: one work order after the
 * other, the cheapest who still has the time.
 */
import { isOn, nobody, toPlaces } from './assignment-search.ts'
import type { Places } from './assignment-search.ts'
import type { Knapsacks } from './assignment-bound.ts'

/** Can this person do all these jobs, each in its window? */
export type Fits = (jobs: readonly number[], person: number) => boolean

/** Changes `places`. */
export function settle(problem: Knapsacks, places: Places, fits: Fits): void {
  const held = Array.from({ length: problem.pairs.people }, (): number[] => [])
  places.holder.forEach((person, place) => {
    if (person !== nobody) held[person]!.push(place)
  })
  for (const [person, own] of held.entries()) {
    const kept: number[] = []
    for (const place of own) {
      if (
        fits(
          [...kept, place].map((one) => places.jobOf[one]!),
          person,
        )
      )
        kept.push(place)
      else give(problem, places, place, nobody)
    }
    held[person] = kept
  }
  fill(problem, places, held, fits)
}

/** One work order after the other, as they come. */
export function planInTurn(problem: Knapsacks, fits: Fits): Places {
  const places = toPlaces(problem, () => false)
  fill(
    problem,
    places,
    Array.from({ length: problem.pairs.people }, () => []),
    fits,
  )
  return places
}

function fill(problem: Knapsacks, places: Places, held: number[][], fits: Fits): void {
  const { pairs, minutes } = problem
  const { jobOf, holder, freeMinutes } = places
  for (const [place, job] of jobOf.entries()) {
    if (holder[place] !== nobody) continue
    const options = Array.from(pairs.person.subarray(pairs.rowStart[job], pairs.rowStart[job + 1]).keys())
      .map((at) => pairs.rowStart[job]! + at)
      .toSorted((a, b) => pairs.cost[a]! - pairs.cost[b]! || a - b)
    const found = options.find((pair) => {
      const person = pairs.person[pair]!
      const isFree = freeMinutes[person]! >= minutes[job]! && !isOn(places, job, person)
      return isFree && fits([...held[person]!.map((one) => jobOf[one]!), job], person)
    })
    if (found === undefined) continue
    held[pairs.person[found]!]!.push(place)
    give(problem, places, place, found)
  }
}

function give({ pairs, minutes }: Knapsacks, places: Places, place: number, to: number): void {
  const { jobOf, holder, pair, freeMinutes } = places
  const length = minutes[jobOf[place]!]!
  if (holder[place] !== nobody) freeMinutes[holder[place]!]! += length
  pair[place] = to
  holder[place] = nobody
  if (to === nobody) return
  const person = pairs.person[to]!
  holder[place] = person
  freeMinutes[person]! -= length
}

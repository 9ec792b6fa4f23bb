/**
 * Who and what is free in each slot, as arrays, for placing one piece of work after another. The one rule: it says the
 * same of a world as the project of `schedule-crew.ts`; behind the grid everybody is there, so that every order has an
 * answer, and who ends there is told that it does not hold.
 */
import type { Profile, Step } from './rcpsp.ts'
import type { Work, World } from './schedule.ts'

/** Slots from 0 up to the end of the grid. */
export type Board = {
  readonly length: number
  /** Of each person: 1 in working time. */
  readonly shift: readonly Uint8Array[]
  /** Of each person: 1 while nothing else is to be done. Changes as work is placed. */
  readonly free: readonly Uint8Array[]
  readonly tools: readonly Int32Array[]
  /** 1 while it is not set aside for others. */
  readonly assets: readonly Uint8Array[]
}

export function toBoard({ grid, people, tools, assets }: World): Board {
  const { length } = grid
  const toFlags = (profile: Profile): Uint8Array => setSteps(new Uint8Array(length), profile, Math.sign)
  return {
    length,
    shift: people.map(({ shift }) => toFlags(shift)),
    free: people.map(({ free }) => toFlags(free)),
    tools: tools.map(({ free }) => setSteps(new Int32Array(length), free, (amount) => amount)),
    assets: assets.map(({ free }) => toFlags(free)),
  }
}

export const copyBoard = (board: Board): Board => ({
  ...board,
  free: board.free.map((one) => one.slice()),
  tools: board.tools.map((one) => one.slice()),
})

function setSteps<T extends Uint8Array | Int32Array>(
  slots: T,
  profile: Profile,
  toValue: (amount: number) => number,
): T {
  const steps: readonly Step[] = typeof profile === 'number' ? [[0, profile]] : profile
  steps.forEach(([from, amount], i) => slots.fill(toValue(amount), from, steps[i + 1]?.[0] ?? slots.length))
  return slots
}

/** Start and end (exclusive) of one piece of work. */
export type Span = { readonly start: number; readonly finish: number }

type Demand = Pick<Work, 'tools' | 'asset'>

/** Is everybody of the crew at work in this slot? Where not, work only pauses. */
export function isOpen({ length, shift }: Board, crew: readonly number[], slot: number): boolean {
  return slot >= length || crew.every((person) => shift[person]![slot] === 1)
}

/** Is nobody and nothing of it taken by something else? */
function isFree(board: Board, work: Demand, crew: readonly number[], slot: number): boolean {
  const { length, free, tools, assets } = board
  return (
    slot >= length ||
    (crew.every((person) => free[person]![slot] === 1) &&
      work.tools.every(({ tool, quantity }) => tools[tool]![slot]! >= quantity) &&
      (work.asset === null || assets[work.asset]![slot] === 1))
  )
}

/** Where work of so many slots first fits from `earliest` on; undefined where it would not be over by `limit`. */
export function findSpan(
  board: Board,
  work: Demand,
  slots: number,
  crew: readonly number[],
  earliest: number,
  limit = Number.POSITIVE_INFINITY,
): Span | undefined {
  let slot = earliest
  let start = slot
  for (let done = 0; done < slots; slot += 1) {
    if (slot >= limit) return undefined
    if (!isOpen(board, crew, slot)) continue
    if (!isFree(board, work, crew, slot)) {
      done = 0
      continue
    }
    if (done === 0) start = slot
    done += 1
  }
  return { start, finish: slot }
}

/** Takes what the work needs while its crew is at it; gives it back where `amount` is -1. */
export function takeSpan(
  board: Board,
  { tools: needed }: Demand,
  crew: readonly number[],
  { start, finish }: Span,
  amount = 1,
): void {
  const { length, free, tools } = board
  for (let slot = start; slot < Math.min(finish, length); slot += 1) {
    if (!isOpen(board, crew, slot)) continue
    for (const person of crew) free[person]![slot] = amount > 0 ? 0 : 1
    for (const { tool, quantity } of needed) tools[tool]![slot]! -= amount * quantity
  }
}

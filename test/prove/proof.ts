/** What every heavy proof shares: a size, a seed that gives the same run again, and the figures at its end. */
import { randomInt } from 'node:crypto'

export const sizes = ['small', 'full'] as const
export type Size = (typeof sizes)[number]

export type Proof = {
  readonly size: Size
  readonly seed: number
  /** How far it is; one line. */
  say(line: string): void
}
export type Figures = { readonly [name: string]: string | number }

export const drawSeed = (): number => randomInt(2 ** 31)

export type Random = {
  /** 0 to 1, without 1. */
  next(): number
  /** A whole number from 0 to below `below`. */
  int(below: number): number
  pick<T>(from: readonly T[]): T
}

/** Mulberry32: the same numbers for the same seed on every machine. */
export function openRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (below: number): number => Math.floor(next() * below)
  return {
    next,
    int,
    pick: <T>(from: readonly T[]): T => {
      const found = from[int(from.length)]
      if (found === undefined) throw new Error('nothing to pick from')
      return found
    },
  }
}

/** The value below which this share of the numbers lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/**
 * Work that needs people, tools and time, as the planner of schedules sees it: who could take each post, and what is
 * free when, in slots of one grid. The one rule: it is plain data, whole numbers and names, so that it can go to another
 * thread and be looked at again when a schedule is booked.
 *
 * Work pauses while one of its people has no working time, and for nothing else: an absence, or something else that
 * somebody is set aside for, is waited out before it begins.
 */
import type { Precedence, Profile, Step } from './rcpsp.ts'
import type { Grid } from './slot.ts'

/** Somebody who could take a post. */
export type Fit = {
  /** Index of the person. */
  readonly person: number
  /** The work must be over by this slot: a rating runs out then. Null: it is valid for good. */
  readonly until: number | null
}
/** One of the people that a piece of work needs; best first. */
export type Post = { readonly role: string | null; readonly fits: readonly Fit[] }

export type Work = {
  readonly id: string
  readonly number: string
  /** Of work; 0 for a master, which is over when all that is linked to it is. */
  readonly slots: number
  readonly release: number
  /** Late when it is over after this slot. */
  readonly due: number | null
  readonly weight: number
  readonly posts: readonly Post[]
  readonly tools: readonly { readonly tool: number; readonly quantity: number }[]
  readonly asset: number | null
  /** It has begun: its people are those that work on it. */
  readonly isUnderWay: boolean
  /** How long it takes in truth, as a factor on its slots that is exceeded once in five times. */
  readonly spread: number
}

export type Person = {
  readonly id: string
  readonly name: string
  /** 1 in working time, 0 outside of it. */
  readonly shift: readonly Step[]
  /** 0 while away or set aside for something else, otherwise 1. */
  readonly free: readonly Step[]
}
/** A tool, with how many are free; an asset, with 0 while it is set aside for other work. */
export type Thing = { readonly id: string; readonly name: string; readonly free: Profile }

export type World = {
  readonly grid: Grid
  readonly works: readonly Work[]
  readonly precedences: readonly Precedence[]
  readonly people: readonly Person[]
  readonly tools: readonly Thing[]
  readonly assets: readonly Thing[]
}

/** For each work the people of its posts, in their order. */
export type Crews = readonly (readonly number[])[]

/**
 * What kind of work a work order is, as classes from general to special. The one rule: a class is made of what stands on
 * the work order before it begins; nothing here knows its cost, its hours or its dates.
 */
import type { ClassPath } from './estimate.ts'
import type { Attributes } from './work-order.ts'

/** What an estimate is asked for by; what is not known is left out. */
export type Kind = {
  readonly template: string | null
  readonly work_category: string | null
  readonly asset: string | null
  readonly title: string
  readonly attributes: Attributes
}

/**
 * What is done to which thing, and how the title puts it. Chosen for the excavators' costs on the five folds of
 * `npm run bench -- estimates --choose`.
 */
export function toPaths({ template, work_category, asset, title, attributes }: Kind): ClassPath[] {
  const words = title.toLowerCase().match(/\p{L}+/gu) ?? []
  // Of several in one cell (`Engine_Radiator`) the first.
  const read = (name: string): string => String(attributes[name] ?? '').split('_')[0] ?? ''
  const general = [
    ...name('template', template),
    ...name('category', work_category),
    ...name('type', String(attributes['type'] ?? '')),
  ]
  const part = name('part', read('part'))
  const system = name('system', read('system'))
  const action = name('action', String(attributes['action'] ?? ''))
  const first = name('first word', words[0])
  const last = name('last word', words.at(-1))
  const on = name('asset', asset)
  return [
    [...general, ...part, ...action, ...last, ...system, ...on],
    [...general, ...first, ...system, ...part, ...last, ...on],
    [...general, ...last, ...part, ...action, ...first, ...on],
  ]
}

const name = (level: string, value: string | null | undefined): string[] =>
  value === undefined || value === null || value === '' ? [] : [`${level} ${value}`]

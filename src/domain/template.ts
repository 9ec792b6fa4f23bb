/**
 * A template makes a work order, or a master with its linked work, plans and dependencies, from a few values. Texts
 * name their parameters as `{{name}}`; applying puts the values in and nothing else. What was made keeps the plan that
 * it was made with: a later version of the template changes nothing about it.
 */
export type Parameter = {
  readonly name: string
  /** What to give, for people. */
  readonly says: string
  /** Taken where nothing is given; without one, a value must be given. */
  readonly default?: string | undefined
}

/** What waits, and for which other one of the template. */
export type TemplateEdge = string | { readonly key: string; readonly lag_hours: number }

/** One work order of a template: members of a work order, and how it hangs together with the others. */
export type TemplateItem = { readonly [member: string]: unknown }
export type TemplateLinked = TemplateItem & {
  /** Its name within the template. */
  readonly key: string
  /** The key of its master; the template's own work order when left out. */
  readonly under?: string | undefined
  /** Keys of what must be done before it starts. */
  readonly after?: readonly TemplateEdge[] | undefined
}
export type TemplateBody = TemplateItem & {
  readonly parameters?: readonly Parameter[] | undefined
  readonly work_orders?: readonly TemplateLinked[] | undefined
}

export type TemplateFields = {
  readonly name: string
  readonly body: TemplateBody
  readonly retired: boolean
}
export const templateFields = ['name', 'body', 'retired'] as const satisfies readonly (keyof TemplateFields)[]

export type TemplateProblem = { readonly path: readonly (string | number)[]; readonly message: string }
export type Values = { readonly [parameter: string]: string }

const place = /\{\{\s*([a-z][a-z0-9_]*)\s*\}\}/g

/** What contradicts itself in a template before any value is put in: parameters, keys, masters and edges. */
export function findTemplateProblems(body: TemplateBody): TemplateProblem[] {
  const { parameters = [], work_orders: linked = [], ...master } = body
  const problems: TemplateProblem[] = []
  const add = (message: string, ...path: (string | number)[]): void => void problems.push({ path, message })
  const names = parameters.map(({ name }) => name)
  for (const [i, name] of names.entries())
    if (names.indexOf(name) !== i) add('is the name of another parameter too', 'parameters', i, 'name')
  for (const { path, name } of [...listPlaces(master, []), ...listPlaces(linked, ['work_orders'])])
    if (!names.includes(name)) problems.push({ path, message: `{{${name}}} is no parameter of the template` })
  const keys = linked.map(({ key }) => key)
  for (const [i, one] of linked.entries()) {
    const at = (...path: (string | number)[]): (string | number)[] => ['work_orders', i, ...path]
    if (keys.indexOf(one.key) !== i) add('is the key of another one too', ...at('key'))
    if (one.under !== undefined && !keys.includes(one.under))
      add('is no key of this template', ...at('under'))
    for (const [j, edge] of (one.after ?? []).entries())
      if (!keys.includes(keyOf(edge))) add('is no key of this template', ...at('after', j))
  }
  if (problems.length === 0) {
    const cycle = findCycle(linked)
    if (cycle !== undefined) add(`would close a cycle: ${cycle.join(' → ')}`, 'work_orders')
  }
  return problems
}

export const keyOf = (edge: TemplateEdge): string => (typeof edge === 'string' ? edge : edge.key)
export const lagOf = (edge: TemplateEdge): number => (typeof edge === 'string' ? 0 : edge.lag_hours)

/** Each place that waits for a value, with its path. */
function* listPlaces(
  value: unknown,
  path: readonly (string | number)[],
): Generator<{ path: readonly (string | number)[]; name: string }> {
  if (typeof value === 'string') {
    for (const [, name = ''] of value.matchAll(place)) yield { path, name }
  } else if (Array.isArray(value)) {
    for (const [i, one] of value.entries()) yield* listPlaces(one, [...path, i])
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value)) yield* listPlaces(one, [...path, name])
  }
}

/** A linked one is done before its master, and what is waited for before what waits: together without a cycle. */
function findCycle(linked: readonly TemplateLinked[]): string[] | undefined {
  const before = new Map<string, string[]>(linked.map(({ key }) => [key, []]))
  for (const { key, under, after = [] } of linked) {
    if (under !== undefined) before.get(under)?.push(key)
    before.get(key)?.push(...after.map(keyOf))
  }
  const done = new Set<string>()
  const walk = (key: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(key)) return [...trail.slice(trail.indexOf(key)), key].toReversed()
    if (done.has(key)) return undefined
    for (const earlier of before.get(key) ?? []) {
      const cycle = walk(earlier, [...trail, key])
      if (cycle !== undefined) return cycle
    }
    done.add(key)
    return undefined
  }
  for (const { key } of linked) {
    const cycle = walk(key, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}

/** The value of every parameter; problems name what is missing and what the template does not know. */
export function settleValues(
  parameters: readonly Parameter[],
  given: Values,
): { readonly values: Values; readonly problems: readonly TemplateProblem[] } {
  const values: Record<string, string> = {}
  const problems: TemplateProblem[] = []
  for (const { name, says, default: usual } of parameters) {
    const value = (Object.hasOwn(given, name) ? given[name] : undefined) ?? usual
    if (value === undefined) problems.push({ path: ['parameters', name], message: `is needed: ${says}` })
    else values[name] = value
  }
  for (const name of Object.keys(given))
    if (!parameters.some((one) => one.name === name))
      problems.push({ path: ['parameters', name], message: 'is no parameter of the template' })
  return { values, problems }
}

/** The same with every place filled; a text that is blank then is left out. */
export function fillIn(value: unknown, values: Values): unknown {
  if (typeof value === 'string') return value.replaceAll(place, (_all, name: string) => values[name] ?? '')
  if (Array.isArray(value)) return value.map((one) => fillIn(one, values))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => {
      const filled = fillIn(one, values)
      return typeof filled === 'string' && filled.trim() === '' ? [] : [[name, filled]]
    }),
  )
}

/** Answers for people: a list as a table that fits the terminal, one record as its members that say something. */

/** What a table shows first, where the rows have it. */
const favourites = [
  'number',
  'tag',
  'name',
  'key',
  'experience',
  'rating',
  'principal',
  'delegator',
  'delegate',
  'gate',
  'role',
  'for',
  'to',
  'allowed',
  'unmet',
  'cause',
  'kind',
  'resource',
  'person',
  'work_order',
  'from',
  'until',
  'people',
  'hours',
  'percent',
  'quantity',
  'status',
  'state',
  'job_role',
  'cost_rate',
  'amount',
  'currency',
  'priority',
  'assignee',
  'label',
  'title',
  'text',
  'limits',
  'result',
  'work_orders',
  'qualified',
  'free_hours',
  'explanation',
  'ref',
  'last',
  'expires_at',
  'evidence',
  'type',
  'action',
  'body',
  'actor',
  'grants',
  'due_at',
  'at',
  'created_at',
  'version',
  'why',
  'reason',
  'description',
] as const
const namers = [
  'number',
  'tag',
  'name',
  'key',
  'experience',
  'resource',
  'to',
  'action',
  'body',
  'cause',
  'amount',
  'cost_rate',
] as const
const mostColumns = 6

type Row = { readonly [name: string]: unknown }

export function printAnswer(answer: unknown, width = process.stdout.columns ?? 120): string {
  const { data, totals, next_cursor } = (answer ?? {}) as {
    data?: readonly Row[]
    totals?: readonly Row[]
    next_cursor?: string | null
  }
  if (!Array.isArray(data)) return printRecord(answer as Row, width)
  const sums = totals === undefined || totals.length === 0 ? '' : `\n${printTable(totals, width)}`
  if (data.length === 0) return `nothing found\n${sums}`
  const more = typeof next_cursor === 'string' ? `\nmore: --cursor ${next_cursor}\n` : ''
  return `${printTable(data as Row[], width)}${sums}${more}`
}

function printRecord(record: Row, width: number): string {
  const shown = Object.entries(record).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  )
  const tables = shown.filter(([, value]) => isTable(value))
  const pairs = shown.filter(([, value]) => !isTable(value))
  const longest = Math.max(0, ...pairs.map(([name]) => name.length))
  const lines = pairs
    .map(
      ([name, value]) =>
        `${name.padEnd(longest)}  ${toText(value).replaceAll('\n', `\n${' '.repeat(longest + 2)}`)}\n`,
    )
    .join('')
  return [lines, ...tables.map(([, rows]) => printTable(rows as Row[], width, true))].join('\n')
}

/** A list of things that no short text says: they stand below, a line for each. */
const isTable = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.some(
    (one) =>
      typeof one === 'object' &&
      one !== null &&
      (['key', 'ref', 'explanation'].some((member) => member in one) || toText(one).startsWith('{')),
  )

/** A page of a list keeps its columns; within a record, what is empty everywhere takes no room. */
function printTable(rows: readonly Row[], width: number, isPart = false): string {
  // What has no other name is called by its id.
  const isNamed = rows.some((row) => namers.some((name) => row[name] !== undefined))
  const present = [...favourites, ...(isNamed ? [] : (['id'] as const))]
    .filter((name) => rows.some((row) => row[name] !== undefined && !(isPart && row[name] === null)))
    .slice(0, mostColumns)
  const columns: readonly string[] =
    present.length > 0 ? present : Object.keys(rows[0] ?? {}).slice(0, mostColumns)
  const cells = rows.map((row) => columns.map((name) => toText(row[name]).replaceAll(/\s+/g, ' ')))
  const widths = columns.map((name, i) =>
    Math.max(name.length, ...cells.map((line) => displayWidth(line[i] ?? ''))),
  )
  // What is too wide is taken from the widest column; titles suffer first, as they can be read in full elsewhere.
  while (widths.reduce((sum, one) => sum + one + 2, 0) > Math.max(width, 60) && Math.max(...widths) > 12) {
    widths[widths.indexOf(Math.max(...widths))]! -= 1
  }
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => fit(text, widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  return `${[line(columns.map((name) => name.toUpperCase())), ...cells.map(line)].join('\n')}\n`
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(toText).join(', ')
  if (typeof value === 'object') {
    const {
      name,
      role,
      asset,
      code,
      by_name: by,
      by: who,
      at,
      value: measured,
      number,
      amount,
      currency,
    } = value as {
      [name: string]: unknown
    }
    if (typeof by === 'string')
      return [measured, by, at]
        .filter((part) => part !== undefined)
        .map(toText)
        .join(' ')
    if (typeof number === 'string') return number
    if (typeof amount === 'string' && typeof currency === 'string') return `${amount} ${currency}`
    if (typeof who === 'string' && typeof at === 'string') return `${who} ${at}`
    if (typeof name === 'string') return name
    if (typeof code === 'string') return code
    if (typeof role === 'string') return typeof asset === 'string' ? `${role}@${asset}` : role
    return JSON.stringify(value)
  }
  return JSON.stringify(value)
}

/** East Asian characters take two columns of a terminal. */
const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/
export function displayWidth(text: string): number {
  let width = 0
  for (const character of text) width += wide.test(character) ? 2 : 1
  return width
}

export function fit(text: string, width: number): string {
  if (displayWidth(text) <= width) return text + ' '.repeat(width - displayWidth(text))
  let kept = ''
  for (const character of text) {
    if (displayWidth(kept + character) > width - 1) break
    kept += character
  }
  return `${kept}…${' '.repeat(Math.max(0, width - 1 - displayWidth(kept)))}`
}

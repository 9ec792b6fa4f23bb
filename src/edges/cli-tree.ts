/** Trees, critical paths and graphs for a terminal. What is too wide is cut from the titles first. */
import { displayWidth, fit } from './cli-print.ts'

type Node = {
  readonly id: string
  readonly number: string
  readonly depth: number
  readonly title: string
  readonly status: string
  readonly category: string
  readonly assignee: string | null
  readonly expected_finish: string | null
  readonly actual_end: string | null
  readonly held: boolean
  readonly waived: boolean
  readonly roll_up: { readonly progress: number; readonly linked: number } | null
}
type Blocked = { readonly number: string; readonly by: string | null; readonly why: string | null }
type Head = {
  readonly calendar: string
  readonly partial: boolean
  readonly total: number
  readonly assumed: { readonly hours: number; readonly work_orders: number }
  readonly next_cursor: string | null
}
type TreeAnswer = Head & { readonly data: readonly Node[] }

/** `2026-03-04 12:00`; times are UTC. */
const toMinute = (instant: string | null): string =>
  instant === null ? '' : instant.slice(0, 16).replace('T', ' ')
const toHours = (hours: number): string => `${Math.round(hours * 10) / 10} h`
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

function printColumns(rows: readonly (readonly string[])[], cut: number, width: number): string[] {
  const columns = rows[0]?.length ?? 0
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(0, ...rows.map((row) => displayWidth(row[i] ?? ''))),
  )
  const others = widths.reduce((sum, one, i) => (i === cut ? sum : sum + one + 2), 0)
  widths[cut] = Math.max(20, Math.min(widths[cut] ?? 0, Math.max(width, 60) - others))
  return rows.map((row) =>
    row
      .map((text, i) => fit(text, widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** The lines before each node, as deep as it lies: `│   ├── `. */
function toBranches(depths: readonly number[]): string[] {
  const branches: string[] = []
  const goesOn: boolean[] = []
  for (let i = depths.length - 1; i >= 0; i -= 1) {
    const depth = depths[i] ?? 0
    const isLast = goesOn[depth] !== true
    const lines = Array.from({ length: Math.max(0, depth - 1) }, (_, level) =>
      goesOn[level + 1] === true ? '│   ' : '    ',
    )
    branches[i] = depth === 0 ? '' : `${lines.join('')}${isLast ? '└── ' : '├── '}`
    goesOn.length = depth
    goesOn[depth] = true
  }
  return branches
}

export function printTree(answer: unknown, width = process.stdout.columns ?? 120): string {
  const { data, next_cursor, ...head } = answer as TreeAnswer
  const branches = toBranches(data.map(({ depth }) => depth))
  const rows = data.map((node, i) => [
    `${branches[i]}${node.number}  ${node.title.replaceAll(/\s+/g, ' ')}`,
    node.waived ? `${node.status}, waived` : node.held ? `${node.status}, on hold` : node.status,
    node.assignee ?? '',
    node.roll_up === null ? '' : `${node.roll_up.progress} %`,
    node.category === 'done' ? `ended ${toMinute(node.actual_end)}` : toMinute(node.expected_finish),
  ])
  const lines = printColumns(
    [['WORK ORDER', 'STATUS', 'ASSIGNEE', 'DONE', 'EXPECTED (UTC)'], ...rows],
    0,
    width,
  )
  const more = next_cursor === null ? [] : ['', `more: --cursor ${next_cursor}`]
  return `${[...lines, '', ...sumUp(data[0], head), ...more].join('\n')}\n`
}

function sumUp(top: Node | undefined, head: Omit<Head, 'next_cursor'>): string[] {
  const { roll_up: sum = null } = (top ?? {}) as {
    roll_up?: null | {
      progress: number
      by_category: { [category: string]: number }
      estimated_hours: number | null
      actual_hours: number | null
      cost: string | null
      blocked: number
      blocked_by: Blocked[]
    }
  }
  const said = [count(head.total, 'work order')]
  if (sum !== null) {
    said.push(`${sum.progress} % done`)
    said.push(
      Object.entries(sum.by_category)
        .map(([category, n]) => `${n} ${category}`)
        .join(', '),
    )
    if (sum.estimated_hours !== null) said.push(`${sum.estimated_hours} h estimated`)
    if (sum.actual_hours !== null) said.push(`${sum.actual_hours} h worked`)
    if (sum.cost !== null) said.push(`cost ${sum.cost}`)
  }
  const blocked = (sum?.blocked_by ?? []).map(
    ({ number, by, why }) =>
      `blocked: ${number}${by === null ? '' : ` by ${by}`}${why === null ? '' : ` (${why})`}`,
  )
  const unnamed = (sum?.blocked ?? 0) - blocked.length
  return [
    said.join(' · '),
    ...blocked,
    ...(unnamed > 0 ? [`and ${unnamed} more are blocked`] : []),
    ...sayAssumed(head),
  ]
}

function sayAssumed({ assumed, partial, calendar }: Omit<Head, 'next_cursor' | 'total'>): string[] {
  const lines: string[] = []
  if (calendar === 'working_time') lines.push('hours of work run in the working time of who does it')
  if (assumed.work_orders > 0)
    lines.push(
      `${count(assumed.work_orders, 'work order')} without an estimate: ${assumed.hours} h assumed for each`,
    )
  if (partial) lines.push('reckoned from the work orders that you may see')
  return lines
}

type Step = { readonly number: string; readonly title: string; readonly status: string } & {
  readonly assignee: string | null
  readonly start: string | null
  readonly finish: string | null
}
type Timed = Step & {
  readonly earliest_start: string | null
  readonly earliest_finish: string | null
  readonly latest_finish: string | null
  readonly slack_hours: number | null
}
type PathAnswer = Head & {
  readonly number: string
  readonly expected_finish: string | null
  readonly hours_to_finish: number | null
  readonly paths: readonly (readonly Step[])[]
  readonly more_paths: boolean
  readonly data: readonly Timed[]
}

export function printCriticalPath(answer: unknown, width = process.stdout.columns ?? 120): string {
  const { number, expected_finish, hours_to_finish, paths, more_paths, data, next_cursor, ...head } =
    answer as PathAnswer
  const left = hours_to_finish !== null && hours_to_finish > 0 ? `, in ${toHours(hours_to_finish)}` : ''
  const lines = [`${number} is expected to finish ${toMinute(expected_finish) || 'at no time'} UTC${left}`]
  paths.forEach((path, i) => {
    lines.push('', paths.length === 1 ? 'What that hangs on:' : `What that hangs on (${i + 1}):`)
    const rows = path.map((step) => [
      toMinute(step.start),
      toMinute(step.finish),
      step.status,
      step.assignee ?? '',
      `${step.number}  ${step.title.replaceAll(/\s+/g, ' ')}`,
    ])
    lines.push(...printColumns([['START', 'FINISH', 'STATUS', 'ASSIGNEE', 'WORK ORDER'], ...rows], 4, width))
  })
  if (more_paths) lines.push('', 'There are more such paths.')
  const roomy = data.filter(({ slack_hours }) => slack_hours !== null && slack_hours > 0)
  if (roomy.length > 0) {
    const rows = roomy.map((one) => [
      toHours(one.slack_hours ?? 0),
      toMinute(one.latest_finish),
      one.status,
      one.assignee ?? '',
      `${one.number}  ${one.title.replaceAll(/\s+/g, ' ')}`,
    ])
    lines.push('', 'What has room:')
    lines.push(
      ...printColumns([['SLACK', 'AT THE LATEST', 'STATUS', 'ASSIGNEE', 'WORK ORDER'], ...rows], 4, width),
    )
  }
  const assumed = sayAssumed(head)
  if (assumed.length > 0) lines.push('', ...assumed)
  if (next_cursor !== null) lines.push('', `more: --cursor ${next_cursor}`)
  return `${lines.join('\n')}\n`
}

type GraphAnswer = Omit<Head, 'next_cursor'> & {
  readonly folded: number
  readonly nodes: readonly (Step & {
    readonly id: string
    readonly layer: number
    readonly last_layer: number
  })[]
  readonly edges: readonly {
    readonly from: string
    readonly to: string
    readonly lag_hours: number
    readonly critical: boolean
  }[]
}

export function printGraph(answer: unknown, width = process.stdout.columns ?? 120): string {
  const { nodes, edges, folded, ...head } = answer as GraphAnswer
  const numbers = new Map(nodes.map(({ id, number }) => [id, number]))
  const waitsFor = Map.groupBy(edges, ({ to }) => to)
  const rows = nodes
    .toSorted((a, b) => a.layer - b.layer || a.last_layer - b.last_layer)
    .map((node) => [
      node.layer === node.last_layer ? String(node.layer) : `${node.layer}–${node.last_layer}`,
      node.status,
      `${node.number}  ${node.title.replaceAll(/\s+/g, ' ')}`,
      (waitsFor.get(node.id) ?? [])
        .map(
          ({ from, lag_hours, critical }) =>
            `${numbers.get(from) ?? ''}${lag_hours > 0 ? ` + ${lag_hours} h` : ''}${critical ? ' *' : ''}`,
        )
        .join(', '),
    ])
  const lines = printColumns(
    [['COLUMN', 'STATUS', 'WORK ORDER', 'WAITS FOR (* critical)'], ...rows],
    2,
    width,
  )
  if (folded > 0) lines.push('', `${count(folded, 'work order')} folded into their masters`)
  const assumed = sayAssumed(head)
  if (assumed.length > 0) lines.push('', ...assumed)
  return `${lines.join('\n')}\n`
}

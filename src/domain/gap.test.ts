/** Where time went: days drawn by hand, and that every instant has one cause. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toListOpen } from './availability.ts'
import { gapCauses, splitGaps, sumGaps, toHeld } from './gap.ts'
import type { Explained, Gap, GapFacts } from './gap.ts'
import type { Interval } from './interval.ts'
import { table } from '../../test/table.ts'

/** Hours from midnight UTC of a Thursday. */
const day = Date.UTC(2026, 9, 22)
const hour = (text: string): number => day + Number(text) * 3_600_000
const parse = (text = ''): Interval[] =>
  text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => {
      const [start = '', end = ''] = part.split('-')
      return { start: hour(start), end: hour(end) }
    })
const explain = (text: string | undefined, why: string): Explained[] =>
  parse(text).map((span) => ({ ...span, why }))

const short: { readonly [cause: string]: string } = {
  working: 'work',
  held: 'held',
  blocked: 'block',
  waiting_for_approval: 'sign',
  waiting_for_predecessor: 'wait',
  waiting_for_assignment: 'nobody',
  outside_working_hours: 'off',
  waiting_for_vendor: 'vendor',
  idle: 'idle',
}
const draw = (gaps: readonly Gap[]): string =>
  gaps
    .map(({ cause, start, end }) => `${(start - day) / 3.6e6}-${(end - day) / 3.6e6} ${short[cause]}`)
    .join(', ')

/** Eight to sixteen by the clock of Berlin, Monday to Friday: 6 to 14 UTC until 25 October 2026, 7 to 15 after it. */
const berlin = {
  time_zone: 'Europe/Berlin',
  shifts: [{ weekdays: [1, 2, 3, 4, 5], start: '08:00', end: '16:00' }],
  holidays: [],
  extra_shifts: [],
  valid_from: null,
  valid_until: null,
}
/** Around the clock on Sundays: the day of 25 hours. */
const sundays = { ...berlin, shifts: [{ weekdays: [7], start: '00:00', end: '24:00' }] }
const hours: { readonly [name: string]: ReturnType<typeof toListOpen> | null } = {
  always: null,
  berlin: toListOpen({ calendar: berlin, closures: [], time_zone: 'Europe/Berlin' }),
  sundays: toListOpen({ calendar: sundays, closures: [], time_zone: 'Europe/Berlin' }),
  ill: toListOpen({
    calendar: berlin,
    closures: [{ first_day: '2026-10-22', last_day: '2026-10-22' }],
    time_zone: 'Europe/Berlin',
  }),
}
/** `0-10 berlin`: whose it is; `nobody`, and with `!` a vendor's. */
function parseAssigned(text = ''): GapFacts['assigned'] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [span = '', who = ''] = part.split(' ')
      const name = who.replace('!', '')
      return parse(span).map((one) => ({
        ...one,
        name: name === 'nobody' ? null : name,
        isVendor: who.endsWith('!'),
        listOpen: hours[name] ?? null,
      }))
    })
}

test('R-GAP-1 each instant has the first cause that holds at it, drawn by hand', () => {
  const cases = table`
    window | worked    | held | blocked | signed | waits | assigned                | spans
    0-10   |           |      |         |        |       | 0-10 always             | 0-10 idle
    0-10   |           |      |         |        |       | 0-10 nobody             | 0-10 nobody
    0-10   |           |      |         |        |       | 0-4 nobody, 4-10 always | 0-4 nobody, 4-10 idle
    0-10   | 2-4       |      |         |        |       | 0-10 always!            | 0-2 vendor, 2-4 work, 4-10 vendor
    0-10   | 2-4 3-6   |      |         |        |       | 0-10 always             | 0-2 idle, 2-6 work, 6-10 idle
    0-10   | 2-4 4-5   |      |         |        |       | 0-10 always             | 0-2 idle, 2-5 work, 5-10 idle
    2-8    | 0-3 7-99  |      |         |        |       | 0-10 always             | 2-3 work, 3-7 idle, 7-8 work
    0-10   | 2-4       | 1-5  |         |        |       | 0-10 always             | 0-1 idle, 1-2 held, 2-4 work, 4-5 held, 5-10 idle
    0-10   |           | 1-5  | 3-8     | 6-9    | 7-10  | 0-10 nobody             | 0-1 nobody, 1-5 held, 5-8 block, 8-9 sign, 9-10 wait
    0-24   |           |      |         |        |       | 0-24 berlin             | 0-6 off, 6-14 idle, 14-24 off
    0-24   | 12-16     |      |         |        |       | 0-24 berlin!            | 0-6 off, 6-12 vendor, 12-16 work, 16-24 off
    0-24   |           |      |         | 4-10   |       | 0-24 berlin             | 0-4 off, 4-10 sign, 10-14 idle, 14-24 off
    0-24   |           |      |         |        |       | 0-24 ill                | 0-24 off
    24-102 | 32-34     |      |         |        |       | 24-102 berlin           | 24-30 off, 30-32 idle, 32-34 work, 34-38 idle, 38-102 off
    100-106 |          |      |         |        |       | 100-106 berlin          | 100-103 off, 103-106 idle
    60-120 |           |      |         |        |       | 60-120 sundays          | 60-70 off, 70-95 idle, 95-120 off
    5-5    | 4-6       |      |         |        |       | 0-10 always             |
  `
  for (const { window, worked, held, blocked, signed, waits, assigned, spans } of cases) {
    const gaps = splitGaps({
      window: parse(window)[0] ?? { start: 0, end: 0 },
      worked: parse(worked),
      holds: explain(held, 'Pat'),
      blocks: explain(blocked, 'store'),
      approvals: explain(signed, 'release: qa'),
      predecessors: explain(waits, 'WO-2026-000001'),
      assigned: parseAssigned(assigned),
    })
    assert.equal(draw(gaps), spans, `${window} | ${worked} | ${assigned}`)
  }
})

const sumOf = (from: string, to: string): object => {
  const window = { start: Date.parse(from), end: Date.parse(to) }
  const assigned = [{ ...window, name: 'Lee', isVendor: false, listOpen: hours['sundays'] ?? null }]
  const none = { worked: [], holds: [], blocks: [], approvals: [], predecessors: [] }
  return Object.fromEntries(
    sumGaps(splitGaps({ window, assigned, ...none })).map(({ cause, ms }) => [cause, ms / 3_600_000]),
  )
}

test('R-GAP-1 the day of 25 hours has 25, and the one of 23 has 23', () => {
  // Saturday noon to Monday noon in Berlin, around the end and the beginning of summer time.
  assert.deepEqual(sumOf('2026-10-24T10:00:00Z', '2026-10-26T11:00:00Z'), {
    outside_working_hours: 24,
    idle: 25,
  })
  assert.deepEqual(sumOf('2027-03-27T11:00:00Z', '2027-03-29T10:00:00Z'), {
    outside_working_hours: 24,
    idle: 23,
  })
})

test('R-GAP-1 spans that say the same are one; what differs in who or why is two', () => {
  const approvals = [...explain('0-3', 'release: qa, system_owner'), ...explain('3-5 5-6', 'release: qa')]
  const window = { start: hour('0'), end: hour('6') }
  const none = { worked: [], holds: [], blocks: [], predecessors: [], assigned: [] }
  assert.deepEqual(
    splitGaps({ window, approvals, ...none }).map(({ start, end, why }) => [
      (start - day) / 3.6e6,
      (end - day) / 3.6e6,
      why,
    ]),
    [
      [0, 3, 'release: qa, system_owner'],
      [3, 6, 'release: qa'],
    ],
  )
})

const instant = fc.integer({ min: 0, max: 60 })
const span = fc.tuple(instant, instant).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }))
const explained = fc.array(
  fc.tuple(span, fc.constantFrom('a', 'b')).map(([one, why]) => ({ ...one, why })),
  { maxLength: 5 },
)
const facts: fc.Arbitrary<GapFacts> = fc.record({
  window: span,
  worked: fc.array(span, { maxLength: 5 }),
  holds: explained,
  blocks: explained,
  approvals: explained,
  predecessors: explained,
  assigned: fc.array(
    fc
      .tuple(span, fc.constantFrom(null, 'Lee', 'Vik'), fc.boolean(), fc.array(span))
      .map(([one, name, isVendor, open]) => ({
        ...one,
        name,
        isVendor,
        // Open in the hours of the list, as `toListOpen` gives them: cut to what is asked, sorted, apart.
        listOpen: (from: number, to: number) =>
          Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
            .filter((at) => open.some(({ start, end }) => start <= at && at < end))
            .map((at) => ({ start: at, end: at + 1 })),
      })),
    { maxLength: 4 },
  ),
})

/** The cause of one instant, as the page says it: no sets, no sweeping. */
function findCause(given: GapFacts, at: number): string {
  const has = (spans: readonly Interval[]): boolean => spans.some(({ start, end }) => start <= at && at < end)
  if (has(given.worked)) return 'working'
  if (has(given.holds)) return 'held'
  if (has(given.blocks)) return 'blocked'
  if (has(given.approvals)) return 'waiting_for_approval'
  if (has(given.predecessors)) return 'waiting_for_predecessor'
  const now = given.assigned.filter(({ start, end }) => start <= at && at < end)
  if (now.some(({ name }) => name === null)) return 'waiting_for_assignment'
  if (now.some(({ listOpen }) => listOpen !== null && listOpen(at, at + 1).length === 0))
    return 'outside_working_hours'
  return now.some(({ isVendor }) => isVendor) ? 'waiting_for_vendor' : 'idle'
}

test('R-GAP-2 the spans cover the window exactly, in order and without overlap, each with the cause of its instants', () => {
  fc.assert(
    fc.property(facts, (given) => {
      const gaps = splitGaps(given)
      const { start, end } = given.window
      assert.equal(gaps[0]?.start ?? end, start)
      assert.equal(gaps.at(-1)?.end ?? start, end)
      for (const [i, gap] of gaps.entries()) {
        assert.ok(gap.start < gap.end)
        assert.equal(gaps[i + 1]?.start ?? gap.end, gap.end)
        const next = gaps[i + 1]
        assert.ok(next === undefined || next.cause !== gap.cause || next.why !== gap.why, 'merged')
        for (let at = gap.start; at < gap.end; at += 1) assert.equal(gap.cause, findCause(given, at))
      }
      const sums = sumGaps(gaps)
      assert.equal(
        sums.reduce((sum, { ms }) => sum + ms, 0),
        end - start,
      )
      assert.deepEqual(
        sums.map(({ cause }) => cause),
        gapCauses.filter((cause) => gaps.some((gap) => gap.cause === cause)),
      )
    }),
    { numRuns: 1000 },
  )
})

test('R-GAP-1 a value holds from its change to the next', () => {
  const changes = [
    { at: 1, value: 'a' },
    { at: 3, value: 'b' },
    { at: 3, value: 'c' },
    { at: 9, value: 'd' },
  ]
  assert.deepEqual(toHeld(changes, 7), [
    { start: 1, end: 3, value: 'a' },
    { start: 3, end: 7, value: 'c' },
  ])
})

/**
 * What each registry is as CSV: its columns, what names a record, and by which operations of the house one is made and
 * changed. No rule stands here: an import does line by line what those operations would do.
 */
import { costReaders, emptyProfile } from '#domain/person.ts'
import type { Operation } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import * as asset from '../asset/operations.ts'
import * as person from '../person/operations.ts'
import * as principal from '../principal/operations.ts'
import { calendar, experience, tool } from '../resource/operations.ts'
import { day, dayParts, flag, instant, list, shifts, text, whole } from './column.ts'
import type { Column, Value } from './column.ts'
import { listAssetLines, listPersonLines, listResourceLines } from './store.ts'
import type { Names, PersonLine } from './store.ts'

export type Row = { readonly [column: string]: Value }
/** A row as it stands, with the name and the id of the record that it is of: whose lock and entries it has. */
export type Standing = { readonly of: string; readonly id: string; readonly row: Row | null }
export type Changing = {
  /** As it will be, all columns that are known. */
  readonly row: Row
  readonly changed: Row
  readonly reason: string
}
type Given = { readonly [member: string]: unknown }

export type Registry = {
  readonly type: string
  readonly says: string
  readonly columns: readonly Column[]
  /** The columns that name a row; the first names the record that it is of. */
  readonly key: readonly string[]
  /** Everything, or what is of these records. A record without a row of its own has `row: null`. */
  load(tx: Tx, names: Names): Promise<Standing[]>
  /** How a record that is not there is made, from these columns; where there is none, it must be there. */
  readonly create?: { readonly operation: Operation; readonly from: readonly string[] }
  readonly update: {
    readonly operation: Operation
    toInput(tx: Tx, changing: Changing): Given | Promise<Given>
  }
  /** A column that names another record of the same registry: that one goes first. */
  readonly restsOn?: string
}

const assets: Registry = {
  type: 'assets',
  says: 'assets, each with what it is part of',
  columns: [text('tag'), text('name'), text('location'), text('status'), text('owner'), text('parent')],
  key: ['tag'],
  load: async (tx, names) =>
    (await listAssetLines(tx, names)).map(({ id, ...row }) => ({ of: row.tag, id, row })),
  create: {
    operation: asset.create,
    from: ['tag', 'name', 'location', 'status', 'owner', 'parent'],
  },
  update: {
    operation: asset.update,
    toInput: (_tx, { row, changed, reason }) => ({ ...changed, id: row['tag'], reason }),
  },
  restsOn: 'parent',
}

/** Experiences, tools and calendars differ in what they hold. */
function toRegistry(
  type: string,
  says: string,
  members: readonly Column[],
  { create, update }: { readonly create: unknown; readonly update: unknown },
): Registry {
  return {
    type: `${type}s`,
    says,
    columns: [text('name'), ...members, flag('retired')],
    key: ['name'],
    load: async (tx, names) =>
      (await listResourceLines(tx, type, names)).map(({ id, name, body, retired }) => {
        const held = members.map((column) => [column.name, body[column.name] ?? column.empty])
        return { of: name, id, row: { name, ...Object.fromEntries(held), retired } as Row }
      }),
    create: { operation: create as Operation, from: ['name', ...members.map(({ name }) => name)] },
    update: {
      operation: update as Operation,
      toInput: (_tx, { row, changed, reason }) => ({ ...changed, id: row['name'], reason }),
    },
  }
}

const people: Registry = {
  type: 'people',
  says: 'people, vendors and agents: what they do, cost and work by',
  columns: [
    text('name'),
    { ...text('kind'), fixed: true },
    { ...text('email'), fixed: true },
    { ...text('sponsor'), fixed: true },
    list('job_roles'),
    { ...text('cost_rate'), readers: costReaders },
    text('currency'),
    text('calendar'),
    text('time_zone'),
  ],
  key: ['name'],
  load: async (tx, names) =>
    (await listPersonLines(tx, names)).map(
      ({ id, name, kind, email, sponsor, calendar: hours, profile: held }) => {
        const { job_roles, cost_rate, currency, time_zone } = held ?? emptyProfile
        const row = { name, kind, email, sponsor, job_roles, cost_rate, currency, calendar: hours, time_zone }
        return { of: name, id, row }
      },
    ),
  create: { operation: principal.create, from: ['name', 'kind', 'email', 'sponsor'] },
  update: {
    operation: person.setProfile,
    toInput: (_tx, { row, changed, reason }) => ({ ...changed, id: row['name'], reason }),
  },
  restsOn: 'sponsor',
}

/** What people hold, each a row of its own; who holds none is there without a row. */
const toHoldings =
  (toRows: (line: PersonLine) => readonly Row[]) =>
  async (tx: Tx, names: Names): Promise<Standing[]> =>
    (await listPersonLines(tx, names)).flatMap((line) => [
      { of: line.name, id: line.id, row: null },
      ...toRows(line).map((row) => ({ of: line.name, id: line.id, row: { person: line.name, ...row } })),
    ])

const ratings: Registry = {
  type: 'ratings',
  says: 'how well people are rated in what, and until when',
  columns: [text('person'), text('experience'), whole('rating'), instant('expires_at'), text('evidence')],
  key: ['person', 'experience'],
  load: toHoldings(({ ratings: held }) => held),
  update: {
    operation: person.rate,
    toInput: (_tx, { row, reason }) => {
      const { person: id, experience: what, rating, expires_at = null, evidence } = row
      return {
        id,
        experience: what,
        rating,
        expires_at,
        reason,
        ...(evidence === null || evidence === undefined ? {} : { evidence }),
      }
    },
  },
}

const certificates: Registry = {
  type: 'certificates',
  says: 'certificates of people and vendors, with their scope and last day',
  columns: [text('person'), text('name'), text('number'), text('scope'), day('expires_on')],
  key: ['person', 'name'],
  load: toHoldings(({ profile }) =>
    (profile?.certificates ?? []).map(({ name, number, scope, expires_on }) => ({
      name,
      number,
      scope,
      expires_on,
    })),
  ),
  update: {
    operation: person.setProfile,
    async toInput(tx, { row: { person: holder, ...certificate }, reason }) {
      const [line] = await listPersonLines(tx, [String(holder)])
      const held = (line?.profile?.certificates ?? []).map(({ told_days: _told, ...one }) => one)
      const isThere = held.some(({ name }) => name === certificate['name'])
      const all = isThere
        ? held.map((one) => (one.name === certificate['name'] ? certificate : one))
        : [...held, certificate]
      return { id: holder, certificates: all, reason }
    },
  },
}

export const registries: readonly Registry[] = [
  assets,
  toRegistry(
    'tool',
    'tools, with how many there are',
    [whole('quantity'), text('location'), day('calibration_due'), text('keeper'), text('description')],
    tool,
  ),
  toRegistry('experience', 'what people are rated in', [text('description')], experience),
  toRegistry(
    'calendar',
    'calendars of working time',
    [
      text('time_zone'),
      shifts('shifts'),
      dayParts('holidays'),
      dayParts('extra_shifts'),
      day('valid_from'),
      day('valid_until'),
    ],
    calendar,
  ),
  people,
  ratings,
  certificates,
]
export const registryTypes = [
  'assets',
  'tools',
  'experiences',
  'calendars',
  'people',
  'ratings',
  'certificates',
] as const

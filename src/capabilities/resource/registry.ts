/**
 * A registry of one type of resource: create, read, list and change, each version with its entry. What a type is made of
 * is its schema; everything else is the same for all of them.
 */
import { z } from 'zod'
import { changesBetween } from '#domain/entry.ts'
import type { GrantedRole } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { operation, staff } from '#platform/operation.ts'
import type { Permission } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { line, text } from '../work-order/schema.ts'
import {
  insertResource,
  listResources,
  loadResource,
  lockResource,
  resourceFields,
  updateResource,
} from './store.ts'
import type { ResourceFields, ResourceRow, ResourceType } from './store.ts'

const keeperRoles: readonly GrantedRole[] = ['assigner', 'system_owner', 'qa', 'captain', 'admin']
const keepers: Permission = { kinds: ['human', 'agent', 'system'], roles: keeperRoles }

/** What of a type is said in words and in the path. */
type Words<T extends ResourceType> = {
  readonly type: T
  readonly path: `/v1/${string}`
  /** With its article: "a tool". */
  readonly one: string
  readonly many: string
  /** Options of the example that creates one. */
  readonly example: string
}
type Body = { readonly [member: string]: unknown }

/** `members` are those of the body; they stand beside the name at the doors. A flaw that a schema cannot see is refused. */
export function declareRegistry<T extends ResourceType, M extends z.ZodRawShape>(
  words: Words<T>,
  members: M,
  findFlaws: FindFlaws = () => [],
) {
  const kind = toKind(words, members, findFlaws)
  return {
    create: declareCreate(kind),
    get: declareGet(kind),
    list: declareList(kind),
    update: declareUpdate(kind),
  }
}

type Flaws = readonly { readonly path: string; readonly message: string }[]
type FindFlaws = (body: Body, tx: Tx) => Flaws | Promise<Flaws>
const ref = line(200).describe('id or name')

/** What the four operations of a type have in common. */
function toKind<T extends ResourceType, M extends z.ZodRawShape>(
  words: Words<T>,
  members: M,
  findFlaws: FindFlaws,
) {
  const view = z.object({
    id: z.uuid(),
    name: z.string(),
    ...members,
    retired: z.boolean(),
    version: z.int(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  type View = z.output<typeof view>
  const toView = ({ id, name, body, retired, version, created_at, updated_at }: ResourceRow): View =>
    ({ id, name, ...toShown(body), retired, version, created_at, updated_at }) as View
  // What is not declared is ours: what was told of a tool.
  const toShown = (body: Body): Body =>
    structuredClone(Object.fromEntries(Object.entries(body).filter(([member]) => member in members)))
  const refuseFlawed = async (tx: Tx, body: Body) => {
    const errors = await findFlaws(body, tx)
    return errors.length > 0 ? refuse({ code: 'invalid_input', errors: [...errors] }) : undefined
  }
  return { ...words, members, view, toView, refuseFlawed }
}
type Kind<T extends ResourceType, M extends z.ZodRawShape> = ReturnType<typeof toKind<T, M>>

const declareCreate = <T extends ResourceType, M extends z.ZodRawShape>(kind: Kind<T, M>) =>
  operation({
    name: `${kind.type}.create`,
    summary: `Register ${kind.one}`,
    http: ['POST', kind.path],
    status: 201,
    permission: keepers,
    mutates: true,
    example: kind.example,
    input: z.strictObject({ name: line(200), ...kind.members }),
    output: kind.view,
    async run(tx, _actor, input) {
      const { type } = kind
      const { name, ...rest } = input as { readonly name: string }
      const body = toBody(kind.members, rest)
      const flaw = await kind.refuseFlawed(tx, body)
      if (flaw !== undefined) return flaw
      return (await loadResource(tx, type, name)) === undefined
        ? accept(kind.toView(insertNew(tx, { type, name, body, retired: false })))
        : refuse({ code: 'already_exists', what: type, name })
    },
  })

const declareUpdate = <T extends ResourceType, M extends z.ZodRawShape>(kind: Kind<T, M>) =>
  operation({
    name: `${kind.type}.update`,
    summary: `Change ${kind.one}, retire it, or take it into use again`,
    http: ['PATCH', `${kind.path}/:id`],
    permission: keepers,
    mutates: true,
    example: `${quoteFirst(kind.example)} --retired true --reason "no longer used"`,
    input: z.strictObject({
      id: ref,
      ...toChangeable(kind.members),
      retired: z.boolean().optional(),
      reason: line(2000),
    }),
    output: kind.view,
    async run(tx, _actor, input) {
      const { type } = kind
      const { id, retired, reason, ...rest } = input as unknown as Change
      const before = await lockResource(tx, type, id)
      if (before === undefined) return refuse({ code: 'not_found', what: type })
      const expected = tx.call.ifVersion
      if (expected !== undefined && expected !== before.version)
        return refuse({ code: 'stale_version', expected, actual: before.version })
      const body = toBody(kind.members, { ...before.body, ...toGiven(rest) })
      const flaw = await kind.refuseFlawed(tx, body)
      if (flaw !== undefined) return flaw
      const row: ResourceFields = { type, name: before.name, body, retired: retired ?? before.retired }
      const changes = changesBetween(resourceFields, before, row)
      if (changes.length === 0) return accept(kind.toView(before))
      const at = before.locked_at
      const head = tx.record({ kind: 'resource', record: before, action: 'updated', reason, changes, at })
      updateResource(tx, before, row, head, at)
      return accept(kind.toView({ ...before, ...row, version: head.version, updated_at: at }))
    },
  })

const declareGet = <T extends ResourceType, M extends z.ZodRawShape>(kind: Kind<T, M>) =>
  operation({
    name: `${kind.type}.get`,
    summary: `Read ${kind.one}`,
    http: ['GET', `${kind.path}/:id`],
    permission: staff,
    mutates: false,
    example: quoteFirst(kind.example),
    input: z.strictObject({ id: ref }),
    output: kind.view,
    async run(tx, _actor, { id }) {
      const row = await loadResource(tx, kind.type, id)
      return row === undefined ? refuse({ code: 'not_found', what: kind.type }) : accept(kind.toView(row))
    },
  })

const declareList = <T extends ResourceType, M extends z.ZodRawShape>(kind: Kind<T, M>) =>
  operation({
    name: `${kind.type}.list`,
    summary: `List ${kind.many}, by name`,
    http: ['GET', kind.path],
    permission: staff,
    mutates: false,
    example: '',
    input: z.strictObject({
      include_retired: z.boolean().default(false),
      cursor: text(1000).optional(),
      limit: z.int().min(1).max(200).default(50),
    }),
    output: z.object({ data: z.array(kind.view), next_cursor: z.string().nullable() }),
    async run(tx, _actor, { cursor, include_retired: withRetired, limit }) {
      const after =
        cursor === undefined ? { name: '' } : parseCursor(z.strictObject({ name: text(200) }), cursor)
      if (after === undefined)
        return refuse({
          code: 'invalid_input',
          errors: [{ path: 'cursor', message: 'is not a cursor of this list' }],
        })
      const { type } = kind
      const rows = await listResources(tx, { type, after: after.name, withRetired, limit: limit + 1 })
      const shown = rows.slice(0, limit)
      const last = rows.length > limit ? shown.at(-1) : undefined
      return accept({
        data: shown.map(kind.toView),
        next_cursor: last === undefined ? null : toCursor({ name: last.name }),
      })
    },
  })

type Change = { readonly id: string; readonly retired?: boolean; readonly reason: string }

/**
 * The members as a change takes them: what is left out stays as it is, whatever it is by default, and what may be left out
 * when it is registered is taken away by null.
 */
const toChangeable = (members: z.ZodRawShape): { [member: string]: z.ZodType } =>
  Object.fromEntries(
    Object.entries(members).map(([name, member]) => [
      name,
      member instanceof z.ZodOptional
        ? withWords(member, z.nullable(member))
        : withWords(member, z.optional(member instanceof z.ZodDefault ? member.unwrap() : member)),
    ]),
  )

const withWords = (from: z.core.$ZodType, to: z.ZodType): z.ZodType => {
  const words = z.globalRegistry.get(from)?.description
  return words === undefined ? to : to.describe(words)
}

/** What was not given, or is taken away, is not in the body; null stays where it is a value of its own. */
const toBody = (members: z.ZodRawShape, given: Body): Body =>
  Object.fromEntries(
    Object.entries(given).filter(
      ([name, value]) => value !== undefined && (value !== null || !(members[name] instanceof z.ZodOptional)),
    ),
  )

const toGiven = (rest: Body): Body =>
  Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))

/** The name in an example, as the argument of another command. */
const quoteFirst = (example: string): string => /--name ("[^"]*"|\S+)/.exec(example)?.[1] ?? ''

/** Queues a new resource with its first entry; the caller has checked it. */
export function insertNew(tx: Tx, row: ResourceFields): ResourceRow {
  const at = tx.now()
  const id = tx.newId()
  const changes = changesBetween(resourceFields, {}, row)
  const head = tx.record({ kind: 'resource', record: { id }, action: 'registered', changes, at })
  insertResource(tx, id, row, head, at)
  return { ...row, id, version: head.version, created_at: at, updated_at: at }
}

/** Templates: who plans keeps them, with a reason for each version; whoever creates work orders applies them. */
import { z } from 'zod'
import { changesBetween } from '#domain/entry.ts'
import type { GrantedRole } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import type { Decision, Refusal } from '#domain/refusal.ts'
import { templateFields } from '#domain/template.ts'
import type { TemplateBody, TemplateFields } from '#domain/template.ts'
import { parseCursor, toCursor } from '#platform/cursor.ts'
import { entryView, listRecordEntries } from '#platform/entries.ts'
import { operation, staff } from '#platform/operation.ts'
import type { Permission } from '#platform/operation.ts'
import type { Tx } from '#platform/tx.ts'
import { line, text } from '../work-order/schema.ts'
import { checkTemplate } from './expand.ts'
import { templateBody, templateName, templateView } from './schema.ts'
import type { TemplateView } from './schema.ts'
import { insertTemplate, listTemplates, loadTemplate, lockTemplate, updateTemplate } from './store.ts'
import type { TemplateRow } from './store.ts'

const keeperRoles: readonly GrantedRole[] = ['assigner', 'system_owner', 'qa', 'captain', 'admin']
/** A template is a controlled document: people keep it. */
const keepers: Permission = { kinds: ['human'], roles: keeperRoles }
const notFound: Refusal = { code: 'not_found', what: 'template' }

const toView = ({ name, version, retired, body, created_at, updated_at }: TemplateRow): TemplateView => ({
  name,
  version,
  retired,
  body: structuredClone(body) as TemplateView['body'],
  created_at,
  updated_at,
})

export const create = operation({
  name: 'template.create',
  summary: 'Keep a template of work: a work order, or a master with its linked work, plans and dependencies',
  http: ['POST', '/v1/templates'],
  status: 201,
  permission: keepers,
  mutates: true,
  example: `--name grease --body '{"lifecycle":"change-control","title":"Grease {{what}}","parameters":[{"name":"what","says":"the bearing"}]}'`,
  input: z.strictObject({ name: templateName, body: templateBody, reason: text(2000).optional() }),
  output: templateView,
  async run(tx, _actor, { name, body, reason }) {
    const flaw = checkTemplate(name, body, () => tx.newId())
    if (flaw !== undefined) return refuse(flaw)
    if ((await loadTemplate(tx, name)) !== undefined)
      return refuse({ code: 'already_exists', what: 'template', name })
    return accept(toView(insertNew(tx, { name, body, retired: false }, reason)))
  },
})

/** Queues a new template with its first entry; the caller has checked it. */
export function insertNew(tx: Tx, row: TemplateFields, reason: string | undefined): TemplateRow {
  const at = tx.now()
  const id = tx.newId()
  const head = tx.record({
    kind: 'template',
    record: { id },
    action: 'created',
    reason: reason?.trim() || null,
    changes: changesBetween(templateFields, {}, row),
    at,
  })
  insertTemplate(tx, id, row, head, at)
  return { ...row, id, version: head.version, created_at: at, updated_at: at }
}

export const update = operation({
  name: 'template.update',
  summary: 'Make the next version of a template, retire it, or take it into use again',
  http: ['PATCH', '/v1/templates/:name'],
  permission: keepers,
  mutates: true,
  example: 'grease --retired true --reason "replaced by the lubrication route"',
  input: z.strictObject({
    name: templateName,
    body: templateBody.optional(),
    retired: z.boolean().optional().describe('a retired template is not applied'),
    reason: line(2000),
  }),
  output: templateView,
  async run(tx, _actor, { name, body, retired, reason }) {
    const flaw = body === undefined ? undefined : checkTemplate(name, body, () => tx.newId())
    if (flaw !== undefined) return refuse(flaw)
    const before = await lockTemplate(tx, name)
    if (before === undefined) return refuse(notFound)
    const expected = tx.call.ifVersion
    if (expected !== undefined && expected !== before.version)
      return refuse({ code: 'stale_version', expected, actual: before.version })
    const row = { name, body: body ?? before.body, retired: retired ?? before.retired }
    const changes = changesBetween(templateFields, before, row)
    if (changes.length === 0) return accept(toView(before))
    const at = before.locked_at
    const head = tx.record({ kind: 'template', record: before, action: 'updated', reason, changes, at })
    updateTemplate(tx, before, row, head, at)
    return accept(toView({ ...before, ...row, version: head.version, updated_at: at }))
  },
})

export const get = operation({
  name: 'template.get',
  summary: 'Read a template, as it is or as one of its versions was',
  http: ['GET', '/v1/templates/:name'],
  permission: staff,
  mutates: false,
  example: 'hplc-calibration --version 1',
  input: z.strictObject({ name: templateName, version: z.int().min(1).max(1_000_000).optional() }),
  output: templateView,
  async run(tx, _actor, { name, version }): Promise<Decision<TemplateView>> {
    const row = await loadTemplate(tx, name)
    if (row === undefined) return refuse(notFound)
    if (version === undefined || version === row.version) return accept(toView(row))
    const earlier = await loadVersion(tx, row, version)
    return earlier === undefined
      ? refuse({ code: 'not_found', what: `version ${version} of the template` })
      : accept(toView(earlier))
  },
})

/** Rows hold what is, entries what was: the version as its entries leave it. */
async function loadVersion(tx: Tx, row: TemplateRow, version: number): Promise<TemplateRow | undefined> {
  if (version > row.version) return undefined
  const fields: { body?: unknown; retired?: unknown } = {}
  let at = row.created_at
  for (const entry of await listRecordEntries(tx, row.id, 0, version)) {
    for (const { field, new: value } of entry.changes)
      if (field === 'body' || field === 'retired') fields[field] = value
    at = entry.at
  }
  return {
    ...row,
    version,
    body: fields.body as TemplateBody,
    retired: fields.retired === true,
    updated_at: at,
  }
}

export const history = operation({
  name: 'template.history',
  summary: 'Every entry of a template: who changed what, when and why',
  http: ['GET', '/v1/templates/:name/history'],
  permission: staff,
  mutates: false,
  example: 'hplc-calibration',
  input: z.strictObject({
    name: templateName,
    after: z.int().min(0).default(0).describe('sequence of the last entry that was read'),
    limit: z.int().min(1).max(200).default(50),
  }),
  output: z.object({ data: z.array(entryView) }),
  async run(tx, _actor, { name, after, limit }) {
    const row = await loadTemplate(tx, name)
    return row === undefined
      ? refuse(notFound)
      : accept({ data: await listRecordEntries(tx, row.id, after, limit) })
  },
})

const summary = z.object({
  name: z.string(),
  version: z.int(),
  retired: z.boolean(),
  title: z.string(),
  lifecycle: z.string(),
  parameters: z.array(z.string()),
  work_orders: z.int().describe('how many it makes'),
  updated_at: z.string(),
})

export const list = operation({
  name: 'template.list',
  summary: 'List the templates of the tenant, by name',
  http: ['GET', '/v1/templates'],
  permission: staff,
  mutates: false,
  example: '',
  input: z.strictObject({
    include_retired: z.boolean().default(false),
    cursor: text(1000).optional(),
    limit: z.int().min(1).max(200).default(50),
  }),
  output: z.object({ data: z.array(summary), next_cursor: z.string().nullable() }),
  async run(tx, _actor, input) {
    const after =
      input.cursor === undefined
        ? { name: '' }
        : parseCursor(z.strictObject({ name: text(200) }), input.cursor)
    if (after === undefined)
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'cursor', message: 'is not a cursor of this list' }],
      })
    const rows = await listTemplates(tx, after.name, input.include_retired, input.limit + 1)
    const shown = rows.slice(0, input.limit)
    const last = rows.length > input.limit ? shown.at(-1) : undefined
    return accept({
      data: shown.map(toSummary),
      next_cursor: last === undefined ? null : toCursor({ name: last.name }),
    })
  },
})

function toSummary({ name, version, retired, body, updated_at }: TemplateRow): z.output<typeof summary> {
  const { title, lifecycle, parameters = [], work_orders: linked = [] } = body
  return {
    name,
    version,
    retired,
    title: String(title),
    lifecycle: String(lifecycle),
    parameters: parameters.map((one) => one.name),
    work_orders: 1 + linked.length,
    updated_at,
  }
}

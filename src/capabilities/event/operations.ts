/** The tenant's log as events: every entry, in order of commit. The HTTP door also streams it (SSE). */
import { z } from 'zod'
import { accept, refuse } from '#domain/refusal.ts'
import { entryView, firstPlace, listLog, parsePlace } from '#platform/entries.ts'
import { everyone, operation } from '#platform/operation.ts'
import { text } from '../work-order/schema.ts'

export const list = operation({
  name: 'event.list',
  summary: 'List the events of the tenant in order of commit, after a place in the log',
  http: ['GET', '/v1/events'],
  permission: everyone,
  mutates: false,
  mcp: 'list_events',
  example: '--limit 20',
  input: z.strictObject({
    cursor: text(100).optional().describe('next_cursor of the page before, or the id of an event'),
    limit: z.int().min(1).max(1000).default(100),
  }),
  output: z.object({
    data: z.array(entryView.extend({ type: z.string(), place: z.string() })),
    /** Where to go on; also set at the end of the log, to ask again later. */
    next_cursor: z.string().nullable(),
  }),
  async run(tx, actor, input) {
    const after = input.cursor === undefined ? firstPlace : parsePlace(input.cursor)
    if (after === undefined)
      return refuse({
        code: 'invalid_input',
        errors: [{ path: 'cursor', message: 'is not the id of an event' }],
      })
    const entries = await listLog(tx, actor, after, input.limit)
    const data = entries.map((entry) => ({ ...entry, type: toEventType(entry) }))
    return accept({ data, next_cursor: data.at(-1)?.place ?? input.cursor ?? null })
  },
})

/** `wo.` and the entry's action for a work order; the kind of record and the action for the others. */
export const toEventType = (entry: {
  readonly record: { readonly kind: string }
  readonly action: string
}): string => `${entry.record.kind === 'work_order' ? 'wo' : entry.record.kind}.${entry.action}`

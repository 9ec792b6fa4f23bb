/** Registries as CSV: out as a whole, in with all of its lines or none. What comes out goes in again and changes nothing. */
import { z } from 'zod'
import { holdsAny } from '#domain/principal.ts'
import { accept, refuse } from '#domain/refusal.ts'
import { operation, staff } from '#platform/operation.ts'
import { line, text } from '../work-order/text.ts'
import { readCsv, writeCsv } from './csv.ts'
import { importLines, toRefusal } from './import.ts'
import { registries, registryTypes } from './registries.ts'
import type { Registry } from './registries.ts'

/** As many characters of CSV as one import takes. */
const mostCharacters = 1_000_000
const type = z.enum(registryTypes)
const csvType = 'text/csv'

function findRegistry(wanted: z.output<typeof type>): Registry {
  const found = registries.find((one) => one.type === wanted)
  if (found === undefined) throw new Error(`no registry of ${wanted}`)
  return found
}

export const exportCsv = operation({
  name: 'registry.export',
  summary: 'Read a whole registry as CSV: assets, tools, people and what they hold',
  http: ['GET', '/v1/registries/:type'],
  permission: staff,
  mutates: false,
  document: { member: 'csv', type: csvType },
  example: 'people',
  input: z.strictObject({ type }),
  output: z.object({ type, rows: z.int(), csv: z.string() }),
  async run(tx, actor, input) {
    const registry = findRegistry(input.type)
    // Who may not see a column gets none: an empty cell would say that there is nothing.
    const columns = registry.columns.filter(
      ({ readers }) => readers === undefined || holdsAny(actor, readers),
    )
    const rows = (await registry.load(tx, null)).flatMap(({ row }) => (row === null ? [] : [row]))
    const lines = rows.map((row) => columns.map((column) => column.write(row[column.name] ?? column.empty)))
    const csv = writeCsv([columns.map(({ name }) => name), ...lines])
    return accept({ type: input.type, rows: rows.length, csv })
  },
})

const mostShown = 200

export const importCsv = operation({
  name: 'registry.import',
  summary: 'Write a registry from CSV: every line, or none when one is refused',
  http: ['POST', '/v1/registries/:type'],
  permission: staff,
  mutates: true,
  mcp: false,
  takes: { member: 'csv', type: csvType },
  example: 'tools tools.csv --reason "stocktaking"',
  input: z.strictObject({
    type,
    csv: text(mostCharacters).describe('the first line names the columns; at most 2,000 more'),
    reason: line(2000),
    dry_run: z.boolean().default(false).describe('say what would be done, and do nothing'),
  }),
  output: z.object({
    type,
    dry_run: z.boolean(),
    rows: z.int(),
    created: z.int(),
    updated: z.int(),
    unchanged: z.int(),
    changes: z
      .array(
        z.object({
          line: z.int(),
          name: z.string(),
          what: z.enum(['created', 'updated']),
          columns: z.array(z.string()),
        }),
      )
      .describe(`the first ${mostShown}`),
  }),
  async run(tx, actor, { type: wanted, csv, reason, dry_run }) {
    const lines = readCsv(csv)
    if (!Array.isArray(lines)) return refuse(toRefusal([lines]))
    const done = await importLines(tx, actor, findRegistry(wanted), lines, reason)
    if (!done.ok) return done
    if (dry_run) tx.drop()
    const { rows, changes } = done.value
    const created = changes.filter(({ what }) => what === 'created').length
    return accept({
      type: wanted,
      dry_run,
      rows,
      created,
      updated: changes.length - created,
      unchanged: rows - changes.length,
      changes: changes.slice(0, mostShown).map((one) => ({ ...one, columns: [...one.columns] })),
    })
  },
})

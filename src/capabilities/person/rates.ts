/** What an hour of somebody has cost, with the instants from which each rate held: read from the entries, not kept beside. */
import { z } from 'zod'
import { costReaders, seesCostOf } from '#domain/person.ts'
import { accept, refuse } from '#domain/refusal.ts'
import { operation, staff } from '#platform/operation.ts'
import { loadPrincipal } from '../principal/store.ts'
import { principalRef } from '../work-order/schema.ts'
import { listCostRates } from './store.ts'

export const rates = operation({
  name: 'person.rates',
  summary: 'Read what an hour of somebody has cost, and from when on',
  http: ['GET', '/v1/people/:id/rates'],
  permission: staff,
  mutates: false,
  example: '"Lee Lab"',
  input: z.strictObject({ id: principalRef }),
  output: z.object({
    data: z.array(
      z.object({
        from: z.string(),
        until: z.string().nullable().describe('null: it holds now'),
        cost_rate: z.string().nullable().describe('for an hour; null: none was known any more'),
        currency: z.string().nullable(),
        by: z.string(),
        reason: z.string().nullable(),
      }),
    ),
  }),
  async run(tx, actor, { id }) {
    const person = await loadPrincipal(tx, id)
    if (person === undefined) return refuse({ code: 'not_found', what: 'principal' })
    if (!seesCostOf(actor, person.id))
      return refuse({
        code: 'gates_unmet',
        unmet: [{ code: 'role_required', roles: costReaders }],
      })
    const rows = await listCostRates(tx, person.id)
    return accept({
      data: rows.map(({ since, cost_rate, currency, said_by, reason }, i) => ({
        from: since,
        until: rows[i + 1]?.since ?? null,
        cost_rate,
        currency,
        by: said_by,
        reason,
      })),
    })
  },
})

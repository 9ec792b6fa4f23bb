/** A caller of one tenant, a call that must succeed, and a work order that says the tenant's own word everywhere. */
import assert from 'node:assert/strict'
import { send } from './fixture.ts'
import type { Fixture, Json } from './fixture.ts'

export type Caller = { readonly name: string; readonly key: string }

/** A call that must succeed. */
export async function must(
  fixture: Fixture,
  key: string,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<Json> {
  const reply = await send(`${fixture.url}${path}`, key, method, body, headers)
  assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${reply.text}`)
  return reply.body
}

/** Everything that a work order can hold, said in the tenant's own word. */
export function secretFields(secret: string): Record<string, unknown> {
  return {
    title: `[Unit-${secret}] the ${secret} order`,
    description: `about the ${secret}`,
    acceptance_criteria: `${secret} accepted`,
    deliverables: `${secret} report`,
    tags: [`${secret}-tag`],
    project: `${secret}-project`,
    work_category: `${secret}-category`,
    attributes: { [`${secret}-name`]: `${secret}-value` },
    job_plan: { title: `${secret} plan`, steps: [`${secret} step`] },
    requirements: {
      people: 1,
      tools: [`${secret} tool`],
      experience: [{ name: `${secret} skill`, min_rating: 2 }],
    },
    notes: `${secret} note`,
    related_wo_ids: [`${secret}-related`],
    asset: `${secret}-asset`,
    due_date: '2026-01-02',
  }
}

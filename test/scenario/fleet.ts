/** A fleet as the guide (seed 004) has it: who is in it, its example, and MCP clients for its members. */
import assert from 'node:assert/strict'
import { openFixture } from '../fixture.ts'
import type { Fixture, Json } from '../fixture.ts'
import { openMcp } from './mcp-client.ts'
import type { Era, McpClient } from './mcp-client.ts'

export const captain = '夏哥'
export const assignee = 'Mac CLI 小克'
export const numberForm = /^WO-\d{4}-\d{4}-[0-9A-F]{3}$/

export const guideOrder = {
  title: '[SS1-Operations] Migrate dispatch worker to Cloud UB',
  assignee,
  project: 'SS1',
  description: 'Migrate the dispatch worker from Local UB to Cloud UB...',
  priority: 'high',
  requester: captain,
  due_date: '2026-03-10',
  estimated_hours: 4,
  acceptance_criteria: 'Dispatch worker uses Cloud UB for all operations',
  deliverables: 'Updated worker code, test results, migration report',
}

export type Fleet = {
  readonly fixture: Fixture
  /** A member's client; closed with the fleet. */
  connect(principal: string, era?: Era): Promise<McpClient>
  keep(client: McpClient): McpClient
  close(): Promise<void>
}

export async function openFleet(): Promise<Fleet> {
  const fixture = await openFixture()
  const open: McpClient[] = []
  const keep = (client: McpClient): McpClient => {
    open.push(client)
    return client
  }
  return {
    fixture,
    keep,
    connect: async (principal, era) => keep(await openMcp(fixture.url, fixture.keyOf(principal), era)),
    async close() {
      await Promise.all(open.map((client) => client.close()))
      await fixture.close()
    },
  }
}

export async function createOrder(client: McpClient, fields: Record<string, unknown> = {}): Promise<string> {
  const { body, refused, text } = await client.call('create_work_order', { ...guideOrder, ...fields })
  assert.equal(refused, false, text)
  return body.order_id
}

/** The new status; or what a refused call says: its code, and the fields that it misses. */
export const toAnswer = (refused: boolean, body: Json): string =>
  !refused
    ? body.status
    : body.code === 'missing_fields'
      ? `missing_fields: ${body.missing_fields.join(' ')}`
      : body.code

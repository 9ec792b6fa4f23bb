/**
 * The fleet's guide (seed 004), step by step, with the MCP client that fleets use: its tools, its argument
 * names, its refusals; over HTTP in both eras of the protocol, and over stdio.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Json } from '../fixture.ts'
import { table } from '../table.ts'
import { assignee, captain, guideOrder, numberForm, openFleet, toAnswer } from './fleet.ts'
import type { Fleet } from './fleet.ts'
import { openMcp, openMcpStdio, revisions } from './mcp-client.ts'
import type { McpClient } from './mcp-client.ts'

let fleet: Fleet
before(async () => {
  fleet = await openFleet()
})
after(() => fleet.close())

// One line, one call. What a refused call answers: its code, and the fields that it misses.
const guide = table`
  who      | tool                     | arguments                                                                                                           | answer
  assignee | accept_work_order        | {}                                                                                                                  | accepted
  assignee | update_work_order_status | {"new_status": "in_progress"}                                                                                       | in_progress
  assignee | update_work_order_status | {"new_status": "blocked"}                                                                                           | missing_fields: notes
  assignee | update_work_order_status | {"new_status": "blocked", "notes": "   "}                                                                           | missing_fields: notes
  assignee | update_work_order_status | {"new_status": "blocked", "notes": "Waiting for Cloud UB API endpoint to be deployed"}                              | blocked
  assignee | update_work_order_status | {"new_status": "in_progress"}                                                                                       | missing_fields: notes
  assignee | update_work_order_status | {"new_status": "in_progress", "notes": "Cloud UB endpoint deployed, resuming work"}                                 | in_progress
  assignee | complete_work_order      | {"summary": "Migrated dispatch worker to Cloud UB. All 9 engine modes tested."}                                     | missing_fields: actual_hours
  assignee | complete_work_order      | {"summary": "Migrated dispatch worker to Cloud UB. All 9 engine modes tested.", "actual_hours": 0}                  | missing_fields: actual_hours
  assignee | complete_work_order      | {"summary": " ", "actual_hours": 3.5}                                                                               | missing_fields: completion_summary
  assignee | complete_work_order      | {}                                                                                                                  | missing_fields: completion_summary actual_hours
  assignee | complete_work_order      | {"summary": "Migrated dispatch worker to Cloud UB. All 9 engine modes tested.", "actual_hours": 3.5}                | review
  assignee | verify_work_order        | {"approved": true, "notes": "Looks good to me"}                                                                     | role_required
  captain  | verify_work_order        | {"approved": false}                                                                                                 | missing_fields: review_notes
  captain  | verify_work_order        | {"approved": false, "notes": "Missing: edge case for offline mode. Please add and resubmit."}                       | rejected
  assignee | update_work_order_status | {"new_status": "in_progress"}                                                                                       | in_progress
  assignee | complete_work_order      | {"summary": "Offline mode added and tested.", "actual_hours": 4.25}                                                 | review
  captain  | verify_work_order        | {"approved": true}                                                                                                  | missing_fields: review_notes
  captain  | verify_work_order        | {"approved": true, "notes": "Verified: dispatch worker using Cloud UB, tests passing"}                              | approved
  assignee | patch_wo_fields          | {"notes": "one more thing"}                                                                                         | record_final
  captain  | patch_wo_fields          | {"fields": {"priority": "low"}}                                                                                     | record_final
`

const steps = table`
  from        | to          | by           | notes                                                           | summary                                                              | hours
              | pending     | 夏哥         |                                                                 |                                                                      |
  pending     | accepted    | Mac CLI 小克 |                                                                 |                                                                      |
  accepted    | in_progress | Mac CLI 小克 |                                                                 |                                                                      |
  in_progress | blocked     | Mac CLI 小克 | Waiting for Cloud UB API endpoint to be deployed                |                                                                      |
  blocked     | in_progress | Mac CLI 小克 | Cloud UB endpoint deployed, resuming work                       |                                                                      |
  in_progress | review      | Mac CLI 小克 |                                                                 | Migrated dispatch worker to Cloud UB. All 9 engine modes tested.     | 3.5
  review      | rejected    | 夏哥         | Missing: edge case for offline mode. Please add and resubmit.   |                                                                      |
  rejected    | in_progress | Mac CLI 小克 |                                                                 |                                                                      |
  in_progress | review      | Mac CLI 小克 |                                                                 | Offline mode added and tested.                                       | 4.25
  review      | approved    | 夏哥         | Verified: dispatch worker using Cloud UB, tests passing         |                                                                      |
`

async function walkGuide(clients: { captain: McpClient; assignee: McpClient }): Promise<void> {
  const created = await clients.captain.call('create_work_order', guideOrder)
  assert.deepEqual(Object.keys(created.body), [
    'order_id',
    'status',
    'title',
    'assignee',
    'project',
    'created_at',
  ])
  assert.match(created.body.order_id, numberForm)
  assert.equal(created.body.status, 'pending')
  for (const [field, value] of Object.entries({
    title: guideOrder.title,
    assignee: guideOrder.assignee,
    project: guideOrder.project,
  }))
    assert.equal(created.body[field], value)
  const order = { order_id: created.body.order_id }
  for (const [i, { who, tool, arguments: args, answer }] of guide.entries()) {
    const client = who === 'captain' ? clients.captain : clients.assignee
    const { refused, body, text } = await client.call(tool ?? '', { ...order, ...JSON.parse(args ?? '') })
    assert.equal(toAnswer(refused, body), answer, `step ${i + 1}, ${tool}: ${text}`)
    assert.deepEqual(JSON.parse(text), body, 'the text says what the structured content says')
  }
  await checkDetail(clients.assignee, order.order_id)
}

async function checkDetail(client: McpClient, orderId: string): Promise<void> {
  const { body } = await client.call('get_work_order_detail', { order_id: orderId })
  assert.equal(body.status, 'approved')
  assert.equal(body.actual_hours, 4.25)
  assert.equal(body.review_notes, 'Verified: dispatch worker using Cloud UB, tests passing')
  for (const [field, value] of Object.entries(guideOrder)) assert.equal(body[field], value, field)
  const shown = body.history.map((row: Json) => ({
    from: row.from_status ?? '',
    to: row.to_status ?? '',
    by: row.changed_by,
    notes: row.notes ?? '',
    summary: row.completion_summary ?? '',
    hours: String(row.actual_hours ?? ''),
  }))
  assert.deepEqual(shown, steps)
  const times = body.history.map((row: Json) => row.timestamp)
  assert.deepEqual(times, times.toSorted(), 'the history is in order of time')
  for (const time of times) assert.ok(Math.abs(Date.now() - Date.parse(time)) < 60_000)
}

for (const era of ['current', '2025'] as const) {
  test(`R-FLT-1 the guide of the fleet, step by step over HTTP, ${era} protocol`, async () => {
    const clients = {
      captain: await fleet.connect(captain, era),
      assignee: await fleet.connect(assignee, era),
    }
    assert.equal(clients.captain.revision, revisions[era])
    assert.equal(clients.captain.era, era === 'current' ? 'modern' : 'legacy')
    await walkGuide(clients)
  })
}

test('R-FLT-2 the guide of the fleet, step by step over stdio', async () => {
  const { fixture } = fleet
  const url = fixture.adminUrl
  const [ofCaptain, ofAssignee] = await Promise.all([
    openMcpStdio(url, fixture.keyOf(captain), 'current'),
    openMcpStdio(url, fixture.keyOf(assignee), '2025'),
  ])
  const clients = { captain: fleet.keep(ofCaptain), assignee: fleet.keep(ofAssignee) }
  assert.equal(clients.captain.revision, revisions.current)
  assert.equal(clients.assignee.revision, revisions['2025'])
  await walkGuide(clients)
})

test('R-FLT-14 a key that is not valid opens nothing', async () => {
  for (const era of ['current', '2025'] as const)
    await assert.rejects(
      openMcp(fleet.fixture.url, 'dk_nobody', era),
      /requires authorization|unauthenticated/,
    )
})

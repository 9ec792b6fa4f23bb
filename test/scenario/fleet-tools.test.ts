/** The fleet's tools one by one: who may use which, what they take, and what they say when they refuse. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Json } from '../fixture.ts'
import { table } from '../table.ts'
import { assignee, captain, createOrder, guideOrder, numberForm, openFleet, toAnswer } from './fleet.ts'
import type { Fleet } from './fleet.ts'
import type { Era, McpClient } from './mcp-client.ts'

const other = 'Win CLI 小克'

let fleet: Fleet
before(async () => {
  fleet = await openFleet()
})
after(() => fleet.close())

test('R-FLT-3 captains approve, also the agent and the proxy; nobody else does', async (t) => {
  const cases = table`
    who                  | on            | answer
    夏哥                 | approved true | approved
    小西                 | approved true | approved
    system:captain-proxy | approved true | approved
    system:cron          | approved true | role_required
    PM Agent             | approved true | role_required
    Win CLI 小克         | approved true | role_required
    Mac CLI 小克         | approved true | role_required
    小西                 | cancelled     | cancelled
    PM Agent             | cancelled     | role_required
    Mac CLI 小克         | cancelled     | role_required
  `
  const maker = await fleet.connect(captain)
  const worker = await fleet.connect(assignee)
  for (const { who = '', on = '', answer } of cases) {
    await t.test(`${who} ${on}`, async () => {
      const order_id = await createOrder(maker)
      await worker.call('accept_work_order', { order_id })
      await worker.call('update_work_order_status', { order_id, new_status: 'in_progress' })
      await worker.call('complete_work_order', { order_id, summary: 'done', actual_hours: 1 })
      const client = await fleet.connect(who)
      const { refused, body } =
        on === 'cancelled'
          ? await client.call('update_work_order_status', { order_id, new_status: on, notes: 'no' })
          : await client.call('verify_work_order', { order_id, approved: true, notes: 'checked' })
      assert.equal(toAnswer(refused, body), answer)
      if (answer === 'role_required') {
        assert.ok(body.roles.includes('captain'))
        assert.ok(body.unmet[0].who.includes(captain), 'a refusal says who could help')
      }
    })
  }
})

test('R-FLT-4 who cancels says why, and who did the work does not approve it', async () => {
  const client = await fleet.connect(captain)
  const silent = await createOrder(client)
  const cancelled = await client.call('update_work_order_status', {
    order_id: silent,
    new_status: 'cancelled',
  })
  assert.deepEqual(cancelled.body.missing_fields, ['notes'])
  const own = await createOrder(client, { assignee: captain })
  await client.call('accept_work_order', { order_id: own })
  await client.call('update_work_order_status', { order_id: own, new_status: 'in_progress' })
  await client.call('complete_work_order', { order_id: own, summary: 'done', actual_hours: 1 })
  const approved = await client.call('verify_work_order', { order_id: own, approved: true, notes: 'fine' })
  assert.equal(approved.body.code, 'separation_of_duties')
})

test('R-FLT-5 a state that cannot be reached from here names those that can', async () => {
  const client = await fleet.connect(captain)
  const order_id = await createOrder(client)
  const { refused, body } = await client.call('update_work_order_status', { order_id, new_status: 'review' })
  assert.equal(refused, true)
  assert.equal(body.code, 'wrong_status')
  assert.deepEqual(body.allowed, ['accepted', 'cancelled'])
})

test('R-FLT-6 a title begins with [Project-Category], and every identity is a registered, active one', async (t) => {
  const client = await fleet.connect(assignee)
  const cases = table`
    field     | value                                  | code              | names
    title     | Migrate the worker                     | invalid_input     | title
    title     | [SS1] Migrate the worker               | invalid_input     | title
    title     | [SS1-Operations]Migrate the worker     | invalid_input     | title
    title     | [SS1-Operations]                       | invalid_input     | title
    assignee  | Nobody 小克                            | unknown_reference | assignee
    assignee  | Pat Planner                            | unknown_reference | assignee
    requester | Nobody                                 | unknown_reference | requester
    due_date  | 10.03.2026                             | invalid_input     | due_date
    due_date  | 2026-02-30                             | invalid_input     | due_date
    priority  | urgent                                 | invalid_input     | priority
    shape     | round                                  | invalid_input     |
  `
  for (const { field = '', value, code, names } of cases) {
    await t.test(`${field} ${value}`, async () => {
      const { refused, body } = await client.call('create_work_order', { ...guideOrder, [field]: value })
      assert.equal(refused, true)
      assert.equal(body.code, code)
      assert.equal(body.field ?? body.errors?.[0]?.path, names)
    })
  }
  for (const field of ['title', 'assignee', 'project']) {
    const { body } = await client.call('create_work_order', { ...guideOrder, [field]: undefined })
    assert.deepEqual(
      body.errors.map((error: Json) => error.path),
      [field],
    )
  }
  for (const title of [
    '[SP-Development] x',
    '[EGS-CodeStandards] x',
    '[Infrastructure-Critical] x',
    '[CatMints-Feature] x',
  ])
    assert.match(await createOrder(client, { title }), numberForm)
})

test('R-FLT-7 the optional arguments of create_work_order are kept, as lists or as words', async () => {
  const client = await fleet.connect(captain)
  const parent_wo_id = await createOrder(client)
  const related = await createOrder(client)
  const shared = { priority: 'low', notes: 'handle with care', parent_wo_id, related_wo_ids: [related] }
  const asLists = await createOrder(client, {
    ...shared,
    tags: ['cloud', 'ub'],
    deliverables: ['code', 'report'],
  })
  const asWords = await createOrder(client, {
    ...shared,
    related_wo_ids: related,
    tags: 'cloud, ub',
    deliverables: 'code, report',
  })
  for (const order_id of [asLists, asWords]) {
    const { body } = await client.call('get_work_order_detail', { order_id })
    assert.deepEqual(body.tags, ['cloud', 'ub'])
    assert.equal(body.deliverables, 'code, report')
    assert.deepEqual(body.related_wo_ids, [related])
    assert.equal(body.notes, 'handle with care')
    assert.equal(body.priority, 'low')
    assert.ok(body.parent_id)
    assert.equal(body.work_category, 'Operations')
  }
  const { body } = await client.call('create_work_order', {
    title: '[SP-Tests] Only what is required',
    assignee,
    project: 'SP',
  })
  const least = await client.call('get_work_order_detail', { order_id: body.order_id })
  assert.equal(least.body.priority, 'medium')
  assert.equal(least.body.requester, captain)
})

test('R-FLT-8 list_work_orders as the guide shows it', async () => {
  const client = await fleet.connect(captain)
  const worker = await fleet.connect(other)
  const project = 'Ship9'
  const make = (title: string): Promise<string> =>
    createOrder(client, { title: `[Ship9-Lists] ${title}`, project, assignee: other })
  const [pending, working, approved, cancelled] = [
    await make('pending'),
    await make('working'),
    await make('approved'),
    await make('cancelled'),
  ]
  for (const order_id of [working, approved]) {
    await worker.call('accept_work_order', { order_id })
    await worker.call('update_work_order_status', { order_id, new_status: 'in_progress' })
  }
  await worker.call('complete_work_order', { order_id: approved, summary: 'done', actual_hours: 2 })
  await client.call('verify_work_order', { order_id: approved, approved: true, notes: 'fine' })
  await client.call('update_work_order_status', {
    order_id: cancelled,
    new_status: 'cancelled',
    notes: 'not needed',
  })
  const find = async (args: Record<string, unknown>): Promise<string[]> => {
    const { body, refused, text } = await client.call('list_work_orders', args)
    assert.equal(refused, false, text)
    return body.data.map((row: Json) => row.order_id)
  }
  assert.deepEqual(await find({ project }), [working, pending], 'newest first, finished ones hidden')
  assert.deepEqual(await find({ project, include_completed: true }), [cancelled, approved, working, pending])
  assert.deepEqual(await find({ assignee: other }), [working, pending])
  assert.deepEqual(await find({ project, status: 'in_progress' }), [working])
  assert.deepEqual(await find({ project, status: 'approved' }), [approved])
  assert.deepEqual(await find({ project, status: ['pending', 'cancelled'] }), [cancelled, pending])
  assert.deepEqual(await find({ project, category: 'Lists', q: 'ists] workin' }), [working])
  assert.deepEqual(await find({ project: 'no such project' }), [])
  assert.ok((await find({ status: 'in_progress' })).includes(working))
  const first = await client.call('list_work_orders', { project, include_completed: true, limit: 3 })
  const rest = await client.call('list_work_orders', {
    project,
    include_completed: true,
    limit: 3,
    cursor: first.body.next_cursor,
  })
  assert.deepEqual(
    [...first.body.data, ...rest.body.data].map((row: Json) => row.order_id),
    [cancelled, approved, working, pending],
  )
  assert.equal(rest.body.next_cursor, null)
})

test('R-FLT-9 patch_wo_fields takes its fields in either form, as far as the role of seed 003 goes', async (t) => {
  const cases = table`
    who          | fields                                                                | answer
    夏哥         | {"title": "[SS1-Operations] Another title", "notes": "by the captain"} | patched
    PM Agent     | {"assignee": "Win CLI 小克", "priority": "critical"}                  | patched
    PM Agent     | {"due_date": "2026-12-24", "estimated_hours": 8, "tags": ["a", "b"]}  | patched
    PM Agent     | {"description": "not the planner's"}                                  | fields_not_yours
    Mac CLI 小克 | {"notes": "halfway", "completion_summary": "so far", "actual_hours": 2} | patched
    Mac CLI 小克 | {"assignee": "夏哥"}                                                  | fields_not_yours
    Mac CLI 小克 | {"priority": "low"}                                                   | fields_not_yours
    Web 小克     | {"description": "as asked", "acceptance_criteria": "it works", "deliverables": "code"} | patched
    Web 小克     | {"priority": "low"}                                                   | fields_not_yours
    Win App 小A  | {"notes": "a stranger"}                                               | fields_not_yours
    夏哥         | {"status": "approved"}                                                | invalid_input
    夏哥         | {"priority": "urgent"}                                                | invalid_input
  `
  const maker = await fleet.connect(captain)
  for (const { who = '', fields = '', answer } of cases) {
    await t.test(`${who} ${fields}`, async () => {
      const client = await fleet.connect(who)
      const given = JSON.parse(fields) as Record<string, unknown>
      for (const args of [{ fields: given }, given]) {
        const order_id = await createOrder(maker, { requester: 'Web 小克' })
        const { refused, body } = await client.call('patch_wo_fields', { order_id, ...args })
        assert.equal(refused ? body.code : 'patched', answer)
        if (refused) continue
        for (const [field, value] of Object.entries(given)) assert.deepEqual(body[field], value)
        const { body: detail } = await client.call('get_work_order_detail', { order_id })
        const changed: string[] = detail.history.at(-1).changes.map((change: Json) => change.field)
        for (const field of Object.keys(given))
          assert.ok(changed.includes(field === 'assignee' ? 'assignee_id' : field), `${field} has its entry`)
      }
    })
  }
})

/** What the log says of one record, page after page, until there is an event of this type. */
async function readEvents(client: McpClient, recordId: string, type: string): Promise<string[][]> {
  const seen: string[][] = []
  for (let cursor: string | undefined; seen.at(-1)?.[0] !== type;) {
    const { body } = await client.call('list_events', {
      limit: 50,
      ...(cursor === undefined ? {} : { cursor }),
    })
    cursor = body.next_cursor
    for (const event of body.data)
      if (event.record.id === recordId) seen.push([event.type, event.actor.name, event.actor.client])
  }
  return seen
}

test('R-FLT-10 list_transitions says what is open to the caller, list_events what happened', async () => {
  const client = await fleet.connect(captain)
  const stranger = await fleet.connect(other)
  const order_id = await createOrder(client)
  const edges = async (caller: McpClient): Promise<Json> => {
    const { body } = await caller.call(
      'list_transitions',
      caller === client ? { order_id } : { id: order_id },
    )
    return Object.fromEntries(body.data.map((edge: Json) => [edge.to, edge]))
  }
  const mine = await edges(client)
  assert.equal(mine.accepted.allowed, true)
  assert.deepEqual(mine.cancelled.unmet[0].missing_fields, ['notes'])
  const theirs = await edges(stranger)
  assert.equal(theirs.accepted.allowed, false)
  assert.ok(theirs.accepted.unmet[0].who.includes(assignee))
  const accepted = await client.call('accept_work_order', { order_id })
  const { id } = accepted.body
  assert.deepEqual(await readEvents(client, id, 'wo.transitioned'), [
    ['wo.created', captain, 'mcp'],
    ['wo.transitioned', captain, 'mcp'],
  ])
})

test('R-FLT-11 an idempotency key does a thing once, and if_version refuses what was not read', async () => {
  const client = await fleet.connect(captain)
  const key = { idempotency_key: 'guide-1' }
  const once = await client.call('create_work_order', { ...guideOrder, ...key })
  const again = await client.call('create_work_order', { ...guideOrder, ...key })
  assert.deepEqual(again.body, once.body)
  const another = await client.call('create_work_order', { ...guideOrder, ...key, priority: 'low' })
  assert.equal(another.body.code, 'idempotency_key_reused')
  const { order_id } = once.body
  const moved = await client.call('accept_work_order', { order_id, if_version: 1 })
  assert.equal(moved.body.version, 2)
  const stale = await client.call('patch_wo_fields', { order_id, priority: 'low', if_version: 1 })
  assert.equal(stale.body.code, 'stale_version')
  assert.deepEqual([stale.body.expected, stale.body.actual], [1, 2])
  const bad = await client.call('patch_wo_fields', { order_id, priority: 'low', if_version: 'two' })
  assert.equal(bad.body.code, 'invalid_input')
})

test('R-FLT-12 a caller sees only the tools that it may ever use, and no other exists for it', async () => {
  const namesFor = async (principal: string, era: Era = 'current'): Promise<string[]> =>
    (await (await fleet.connect(principal, era)).tools()).map((tool) => tool.name)
  const fleetTools = [
    'create_work_order',
    'accept_work_order',
    'update_work_order_status',
    'complete_work_order',
    'verify_work_order',
    'patch_wo_fields',
    'list_work_orders',
    'get_work_order_detail',
  ]
  const captains = await namesFor(captain)
  for (const name of [...fleetTools, 'list_transitions', 'list_events', 'asset_create'])
    assert.ok(captains.includes(name), name)
  assert.deepEqual(await namesFor(captain, '2025'), captains)
  assert.equal(new Set(captains).size, captains.length)
  const agents = await namesFor(assignee)
  assert.ok(agents.includes('create_work_order') && !agents.includes('asset_create'))
  const vendors = await namesFor('Vik Vendor')
  assert.ok(vendors.includes('update_work_order_status') && !vendors.includes('principal_list'))
  const auditors = await namesFor('Aud Auditor')
  assert.ok(auditors.includes('list_work_orders') && !auditors.includes('create_work_order'))
  for (const name of [...captains, ...vendors])
    assert.ok(!/key|principal_(create|disable|grant)/.test(name), `${name} is not for tools`)
  const hidden = await (
    await fleet.connect(assignee)
  ).call('asset_create', { tag: 'X', name: 'X', location: null, status: 'in_service' })
  assert.equal(hidden.body.code, 'not_found')
  assert.equal((await (await fleet.connect(assignee)).call('no_such_tool')).body.code, 'not_found')
})

test('R-FLT-13 the tools describe the arguments that the guide uses', async () => {
  const tools = await (await fleet.connect(assignee)).tools()
  const schemaOf = (name: string): Json => tools.find((tool) => tool.name === name)?.inputSchema
  const create = schemaOf('create_work_order')
  assert.deepEqual(create.required.toSorted(), ['assignee', 'project', 'title'])
  for (const argument of [...Object.keys(guideOrder), 'tags', 'related_wo_ids', 'parent_wo_id', 'notes'])
    assert.ok(argument in create.properties, argument)
  const argumentsOf = table`
    tool                     | required            | all
    accept_work_order        | order_id            | order_id
    update_work_order_status | order_id new_status | order_id new_status notes
    complete_work_order      | order_id            | order_id summary actual_hours
    verify_work_order        | order_id approved   | order_id approved notes
    get_work_order_detail    | order_id            | order_id
  `
  for (const { tool = '', required = '', all = '' } of argumentsOf) {
    const schema = schemaOf(tool)
    assert.deepEqual(schema.required, required.split(' '), tool)
    for (const argument of all.split(' ')) assert.ok(argument in schema.properties, `${tool} ${argument}`)
  }
})

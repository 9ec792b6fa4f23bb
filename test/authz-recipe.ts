/**
 * What each row of the oracle asks for: a fresh record that suits it, and the input of the call. `mark` is
 * what an answer holds when the record was found.
 */
import { approvals, delegations } from './authz-recipe-approvals.ts'
import { plans } from './authz-recipe-plan.ts'
import { timeAndCost } from './authz-recipe-time.ts'
import { completions } from './authz-recipe-completion.ts'
import { structures } from './authz-recipe-structure.ts'
import { signingKeys } from './authz-recipe-keys.ts'
import { logs } from './authz-recipe-log.ts'
import { oversight } from './authz-recipe-oversight.ts'
import type { Json } from './fixture.ts'
import { make, makeIn, upload } from './authz-world.ts'
import type { Seat, World } from './authz-world.ts'

export type Shot = {
  /** Input of the operation. */
  readonly input: Record<string, unknown>
  /** Arguments of the tool, where the fleet names them otherwise. */
  readonly args?: Record<string, unknown>
  readonly mark?: string
  readonly file?: string
}
export type Recipe = (world: World, seat: Seat) => Promise<Shot>

const move =
  (state: string, command: Record<string, unknown>, args?: Record<string, unknown>): Recipe =>
  async (world, seat) => {
    const { id, number } = await makeIn(world, seat, state)
    return {
      input: { id, ...command },
      ...(args === undefined ? {} : { args: { order_id: number, ...args } }),
    }
  }

const draft =
  (more: Record<string, unknown> = {}): Recipe =>
  async (world, seat) => {
    const { id, word } = await make(world, seat)
    return { input: { id, ...more }, mark: word }
  }

/** A new principal that nothing hangs on. */
async function somebody(world: World, roles: string[] = []): Promise<Json> {
  return world.done('Ada Admin', 'POST', '/v1/principals', {
    name: `Somebody ${world.word()}`,
    kind: 'human',
    roles,
  })
}
const onSomebody =
  (input: Record<string, unknown>, roles: string[] = [], isOut = false): Recipe =>
  async (world) => {
    const { id } = await somebody(world, roles)
    if (isOut) await world.done('Ada Admin', 'POST', `/v1/principals/${id}/disable`, { reason: 'away' })
    return { input: { id, reason: 'for the matrix', ...input } }
  }

/** Reads on until the log shows the record: what was committed shows when no older transaction is running. */
async function untilLogged(world: World, id: string): Promise<string> {
  let before = ''
  for (const limit = Date.now() + 120_000; Date.now() < limit;) {
    const query = before === '' ? '' : `&cursor=${before}`
    const page = await world.done('Ada Admin', 'GET', `/v1/events?limit=1000${query}`)
    if (page.data.some((event: Json) => event.record.id === id)) return before
    if (page.data.length === 1000) before = page.next_cursor
  }
  throw new Error(`${id} does not show in the log`)
}

const workOrders: { readonly [row: string]: Recipe } = {
  'work_order.create: change-control': async ({ ids, ...world }) => {
    const title = `New ${world.word()}`
    return { input: { title, asset: ids.hplc }, mark: title }
  },
  'work_order.create: fleet': async ({ ids, ...world }) => {
    const given = { title: `[Lab-Matrix] ${world.word()}`, assignee: ids.lee, project: 'Lab' }
    return { input: { ...given, lifecycle: 'fleet' }, args: given, mark: given.title }
  },
  'work_order.create_many: linked to one another': async ({ ids, ...world }) => {
    const title = `New ${world.word()}`
    const parts = [
      { title, asset: ids.hplc, key: 'master' },
      { title: 'a part', parent: 'master' },
    ]
    return { input: { work_orders: parts }, mark: 'master' }
  },
  'work_order.get: by id': draft(),
  'work_order.get: by number, with history': async (world, seat) => {
    const { number, word } = await make(world, seat, { lifecycle: 'fleet' })
    return { input: { id: number }, args: { order_id: number }, mark: word }
  },
  'work_order.list: by a word': async (world, seat) => {
    const { id, word } = await make(world, seat)
    return { input: { q: word }, mark: id }
  },
  'work_order.list: of the fleet': async (world, seat) => {
    const { id, word } = await make(world, seat, { lifecycle: 'fleet' })
    return { input: { q: word, lifecycle: 'fleet' }, args: { q: word }, mark: id }
  },
  'work_order.update: title of a draft': async (world, seat) => {
    const { id } = await make(world, seat)
    const title = `Renamed ${world.word()}`
    return { input: { id, title }, mark: title }
  },
  'work_order.update: notes in progress': move('in_progress', { notes: 'halfway' }),
  'work_order.update: priority, fleet': move(
    'pending',
    { priority: 'high' },
    { fields: { priority: 'high' } },
  ),
  'work_order.update: title of a final one': move('cancelled', { title: 'Too late' }),
  'work_order.transition: submit': draft({ to: 'pending_approval' }),
  'work_order.transition: start': move('assigned', { to: 'in_progress' }),
  'work_order.transition: block': move('in_progress', { to: 'blocked', notes: 'no spare part' }),
  'work_order.transition: close': move('completed', { to: 'closed' }),
  'work_order.transition: cancel': move('assigned', { to: 'cancelled', reason: 'not needed' }),
  'work_order.transition: release, regulatory': async (world, seat) => {
    const { id } = await make(world, seat, { regulatory: true })
    const submit = { to: 'pending_approval', reason: 'ready' }
    await world.done('Pat Planner', 'POST', `/v1/work-orders/${id}/transitions`, submit)
    return { input: { id, to: 'assigned', reason: 'go' } }
  },
  'work_order.transition: accept, fleet': move('pending', { to: 'accepted' }, {}),
  'work_order.transition: start, fleet': move(
    'accepted',
    { to: 'in_progress' },
    { new_status: 'in_progress' },
  ),
  'work_order.transition: complete, fleet': move(
    'working',
    { to: 'review', completion_summary: 'done', actual_hours: 2 },
    { summary: 'done', actual_hours: 2 },
  ),
  'work_order.transition: approve, fleet': move(
    'review',
    { to: 'approved', review_notes: 'seen' },
    { approved: true, notes: 'seen' },
  ),
  'work_order.transition: cancel, fleet': move(
    'accepted',
    { to: 'cancelled', notes: 'not needed' },
    { new_status: 'cancelled', notes: 'not needed' },
  ),
  'work_order.transitions': async (world, seat) => {
    const { id } = await make(world, seat)
    return { input: { id }, mark: '"to":"pending_approval"' }
  },
  'work_order.history': draft(),
  'work_order.hold': move('in_progress', { reason: 'wait' }),
  'work_order.release_hold': async (world, seat) => {
    const { id } = await makeIn(world, seat, 'in_progress')
    await world.done('Olga Owner', 'POST', `/v1/work-orders/${id}/hold`, { reason: 'wait' })
    return { input: { id, reason: 'go on' } }
  },
  'work_order.acknowledge': draft(),
}

const attached: Recipe = async (world, seat) => {
  const { id, word } = await make(world, seat)
  const url = `${world.fixture.url}/v1/work-orders/${id}/attachments`
  const reply = await upload(url, world.fixture.keyOf('Pat Planner'), `${word}.txt`, word)
  return { input: { id, attachment_id: reply.body.id }, mark: word }
}
const below: { readonly [row: string]: Recipe } = {
  'comment.add': async (world, seat) => {
    const { id, word } = await make(world, seat)
    return { input: { id, body: `said ${word}` }, mark: `said ${word}` }
  },
  'comment.list': async (world, seat) => {
    const { id, word } = await make(world, seat)
    await world.done('Pat Planner', 'POST', `/v1/work-orders/${id}/comments`, { body: `said ${word}` })
    return { input: { id }, mark: `said ${word}` }
  },
  'attachment.add': async (world, seat) => {
    const { id, word } = await make(world, seat)
    return { input: { id }, file: `${word}.txt`, mark: word }
  },
  'attachment.list': async (world, seat) => {
    const { input, mark } = await attached(world, seat)
    return { input: { id: input['id'] }, mark: mark ?? '' }
  },
  'attachment.get': attached,
  'event.list': async (world, seat) => {
    const { id } = await make(world, seat)
    const cursor = await untilLogged(world, id)
    return { input: { limit: 1000, ...(cursor === '' ? {} : { cursor }) }, mark: id }
  },
}

const changeAsset =
  (which: 'hplc' | 'balance'): Recipe =>
  async ({ ids, ...world }) => {
    const location = `Lab ${world.word()}`
    return { input: { id: ids[which], location, reason: 'moved' }, mark: location }
  }
const registries: { readonly [row: string]: Recipe } = {
  'asset.create': async ({ ids, ...world }) => {
    const tag = `T-${world.word()}`
    return { input: { tag, name: 'A part', parent: ids.hplc }, mark: tag }
  },
  'asset.get': async ({ ids }) => ({ input: { id: ids.hplc }, mark: 'HPLC-01' }),
  'asset.list': async () => ({ input: { limit: 200 }, mark: 'HPLC-01' }),
  'asset.history': async ({ ids }) => ({ input: { id: ids.hplc }, mark: 'HPLC-01' }),
  'asset.tree': async ({ ids }) => ({ input: { id: ids.hplc }, mark: 'HPLC-01' }),
  'asset.qr': async ({ ids }) => ({ input: { id: ids.hplc }, mark: 'HPLC-01' }),
  'asset.update: any asset': changeAsset('hplc'),
  "asset.update: the one that own' has": changeAsset('balance'),
  'principal.create': async ({ ids, ...world }) => {
    const name = `New ${world.word()}`
    return { input: { name, kind: 'agent', sponsor: ids.pat, roles: ['operator'] }, mark: name }
  },
  'principal.get': async ({ ids }) => ({ input: { id: ids.pat }, mark: 'Pat Planner' }),
  'principal.list': async () => ({ input: { role: 'qa', limit: 200 }, mark: 'Quinn QA' }),
  'principal.disable': onSomebody({}),
  'principal.enable': onSomebody({}, [], true),
  'principal.grant': onSomebody({ role: 'operator' }),
  'principal.revoke': onSomebody({ role: 'operator' }, ['operator']),
  'principal.set_manager': async (world) => {
    const { id } = await somebody(world)
    return { input: { id, manager: world.ids.pat, reason: 'new team' }, mark: '"manager":"Pat Planner"' }
  },
}

const newKey = async (world: World, principal: string): Promise<string> =>
  (await world.done('Ada Admin', 'POST', '/v1/keys', { principal })).id
const rest: { readonly [row: string]: Recipe } = {
  "key.create: one's own": async () => ({ input: { name: 'another' }, mark: '"key":"dk_' }),
  "key.create: somebody else's": async ({ ids }) => ({ input: { principal: ids.lee }, mark: '"key":"dk_' }),
  "key.list: one's own": async () => ({ input: {}, mark: 'seat key' }),
  "key.list: somebody else's": async ({ ids }) => ({ input: { principal: ids.lee }, mark: '"demo"' }),
  // Who is not of this tenant, or not let in, tries a key that is there.
  "key.revoke: one's own": async (world, seat) => {
    const isOurs = seat.isIn && seat.column !== 'oth'
    return { input: { id: await newKey(world, isOurs ? seat.id : world.ids.lee) } }
  },
  "key.revoke: somebody else's": async (world) => ({
    input: { id: await newKey(world, world.ids.lee), principal: world.ids.lee },
  }),
  'me.get': async (_world, { name }) => ({ input: {}, mark: name }),
  'hierarchy.tree': draft(),
  'hierarchy.graph': draft(),
  'hierarchy.critical_path': draft(),
  'lifecycle.list': async () => ({ input: {}, mark: 'change-control' }),
}

/** By `operation: case`, or by the operation alone where it has one case. */
export const recipes: { readonly [row: string]: Recipe } = {
  ...workOrders,
  ...below,
  ...registries,
  ...approvals,
  ...delegations,
  ...oversight,
  ...completions,
  ...plans,
  ...timeAndCost,
  ...structures,
  ...signingKeys,
  ...logs,
  ...rest,
}

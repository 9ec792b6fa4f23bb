/** Recipes of the rows on policy, absences, findings and packs: see authz-recipe.ts. */
import { raiseFinding } from '#capabilities/finding/raise.ts'
import { once } from './authz-recipe-approvals.ts'
import type { Recipe } from './authz-recipe.ts'
import { make } from './authz-world.ts'
import type { World } from './authz-world.ts'
import type { Json } from './fixture.ts'
import { sealAll } from './sealing.ts'
import { inTenantOf } from './signers.ts'

const calendar = {
  time_zone: 'UTC',
  weekdays: [1, 2, 3, 4, 5],
  start: '09:00',
  end: '17:00',
  holidays: [],
}
const theirs = 'the category of the matrix'
/** Only for work of that category: the other rows of the matrix keep the policy that they know. */
const ruleFor = (work_category: string, escalation: object[] = []) => ({
  lifecycle: 'qms',
  gate: 'completion',
  work_category,
  requirements: [{ role: 'admin' }],
  escalation,
})
const ensurePolicy = once((world) =>
  world.done('Ada Admin', 'POST', '/v1/approval-policy', {
    body: { calendar, rules: [ruleFor(theirs)] },
    reason: 'for the matrix',
  }),
)
const withPolicy =
  (input: Record<string, unknown>, mark: string): Recipe =>
  async (world) => {
    await ensurePolicy(world)
    return { input, mark }
  }

const policies: { readonly [row: string]: Recipe } = {
  'policy.get': withPolicy({}, theirs),
  'policy.history': withPolicy({ limit: 200 }, theirs),
  'policy.set': async (world) => {
    await ensurePolicy(world)
    const word = world.word()
    // It names a person of this tenant.
    const rules = [ruleFor(theirs), ruleFor(word, [{ principal: world.ids.pat }])]
    return { input: { body: { calendar, rules }, reason: 'for the matrix' }, mark: word }
  },
  'policy.preview': async () => ({
    input: { lifecycle: 'change-control', regulatory: true, gate: 'release' },
    mark: 'Quinn QA',
  }),
}

const away = { starts_at: '2199-07-01T00:00:00Z', ends_at: '2199-07-15T00:00:00Z' }
const addAbsence = (world: World, principal: string): Promise<Json> =>
  world.done('Ada Admin', 'POST', '/v1/absences', { ...away, principal })
const ofLee = once((world) => addAbsence(world, world.ids.lee))

const absences: { readonly [row: string]: Recipe } = {
  "absence.add: one's own": async () => ({ input: away, mark: '2199-07-15' }),
  "absence.add: somebody else's": async ({ ids }) => ({
    input: { ...away, principal: ids.lee },
    mark: 'Lee Lab',
  }),
  'absence.list': async (world) => {
    const { id, principal_id } = await ofLee(world)
    return {
      input: { from: '2199-06-01T00:00:00Z', limit: 200 },
      mark: `"${id}","principal":"Lee Lab","principal_id":"${principal_id}"`,
    }
  },
  "absence.remove: one's own": async (world, seat) => {
    const isOurs = seat.isIn && seat.column !== 'oth'
    return { input: { id: (await addAbsence(world, isOurs ? seat.id : world.ids.lee)).id } }
  },
  "absence.remove: somebody else's": async (world) => ({
    input: { id: (await addAbsence(world, world.ids.lee)).id },
  }),
}

/** A finding about nobody who has a seat. */
async function raise(world: World): Promise<{ readonly id: string; readonly title: string }> {
  const title = `A finding ${world.word()}`
  await inTenantOf(world.fixture, 'Pat Planner', (tx) =>
    raiseFinding(tx, {
      kind: 'matrix',
      severity: 'minor',
      workOrderId: null,
      title,
      detail: {},
      at: tx.now(),
    }),
  )
  const page = await world.done('Ada Admin', 'GET', '/v1/findings?kind=matrix&limit=200')
  return page.data.find((row: Json) => row.title === title)
}
const raised = once(raise)
const look: Recipe = async (world) => {
  const { id, title } = await raised(world)
  return { input: { id }, mark: title }
}

const findings: { readonly [row: string]: Recipe } = {
  'finding.list': async (world) => ({
    input: { kind: 'matrix', state: 'open', limit: 200 },
    mark: (await raised(world)).title,
  }),
  'finding.get': look,
  'finding.history': look,
  'finding.assign': async (world) => ({
    input: { id: (await raise(world)).id, owner: world.ids.pat },
    mark: '"owner":"Pat Planner"',
  }),
  'finding.resolve': async (world) => ({
    input: { id: (await raise(world)).id, resolution: 'explained' },
    mark: '"state":"mitigated"',
  }),
  'finding.close': async (world) => ({
    input: { id: (await raise(world)).id, resolution: 'explained' },
    mark: '"state":"closed"',
  }),
}

export const oversight: { readonly [row: string]: Recipe } = {
  ...policies,
  ...absences,
  ...findings,
  'pack.export: of a work order': async (world, seat) => {
    const { number } = await make(world, seat)
    await sealAll(world.fixture, 'acme-bio')
    return { input: { work_order: number }, mark: `records/${number}/` }
  },
}

/** Assignments against optima that another solver has proven: HiGHS 1.12 as a mixed-integer program, gap 0. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planAssignment } from '#domain/assignment.ts'
import { generateSet } from '../bench/matching-set.ts'

/** How far above the proven optimum a plan may be: places unfilled, and the cost of as many unfilled. */
const mostAbove = { unfilled: 2, cost: 0.08 }

/** For each set the least that can stay unfilled, and the least cost where at most so many do. */
const proven: readonly {
  readonly work: number
  readonly people: number
  readonly shareOfHours: number
  readonly unfilled: number
  readonly costs: { readonly [unfilled: number]: number }
}[] = [
  { work: 50, people: 25, shareOfHours: 1.5, unfilled: 7, costs: { 7: 1_008_232_466 } },
  { work: 50, people: 25, shareOfHours: 0.95, unfilled: 12, costs: { 12: 1_058_605_856, 13: 956_999_176 } },
  { work: 100, people: 50, shareOfHours: 1.5, unfilled: 3, costs: { 3: 1_201_948_470 } },
  {
    work: 100,
    people: 50,
    shareOfHours: 0.95,
    unfilled: 11,
    costs: { 11: 1_750_161_614, 12: 1_585_021_196, 13: 1_466_244_265 },
  },
  { work: 200, people: 100, shareOfHours: 1.5, unfilled: 0, costs: { 0: 1_441_056_814 } },
]

test('R-MAT-15 no plan is better and no bound is worse than an optimum that another solver has proven', async (t) => {
  for (const { unfilled: least, costs, ...shape } of proven)
    await t.test(
      `${shape.work} work orders, ${shape.people} people, ${shape.shareOfHours} of the hours`,
      () => {
        const plan = planAssignment(generateSet({ ...shape, seed: 20_261_121 }))
        assert.ok(plan.unfilledBound <= least && least <= plan.unfilled, `unfilled ${plan.unfilled}`)
        assert.ok(plan.unfilled <= least + mostAbove.unfilled, `unfilled ${plan.unfilled}`)
        const best = costs[plan.unfilled]
        if (best === undefined) return
        assert.ok(plan.costBound <= best && best <= plan.cost, `cost ${plan.cost}, bound ${plan.costBound}`)
        assert.ok(plan.cost <= best * (1 + mostAbove.cost), `cost ${plan.cost}, optimum ${best}`)
      },
    )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { msOfHour } from './calendar.ts'
import { modes } from './critical-path.ts'
import type { Timing } from './critical-path.ts'
import { toNetwork } from './network.ts'
import { openDraw, simulate } from './simulate.ts'
import type { Sampler, Simulation } from './simulate.ts'

const linked = (count: number) =>
  Array.from({ length: count + 1 }, (_, i) => ({ id: `n${i}`, parentId: i === 0 ? null : 'n0' }))
const chain = (count: number) =>
  Array.from({ length: count - 1 }, (_, i) => ({ from: `n${i + 1}`, to: `n${i + 2}`, lagHours: 0 }))

function toSimulation(count: number, edges: ReturnType<typeof chain>, sampler: Sampler): Simulation {
  const timing: Timing = {
    mode: new Uint8Array(count + 1),
    hours: new Float64Array(count + 1).fill(1),
    began: new Float64Array(count + 1),
    ended: new Float64Array(count + 1),
  }
  const network = toNetwork(linked(count), edges)
  return { network, timing, nowMs: 0, ends: [0], samplerOf: () => sampler, runs: 20_000, seed: 42 }
}

/** Hours, and how far 20,000 runs may be from them. */
function assertNear(ms: number, hours: number, within: number): void {
  assert.ok(Math.abs(ms / msOfHour - hours) <= within, `${ms / msOfHour} is not ${hours} ± ${within}`)
}

const uniform: Sampler = (draw) => draw()
const exponential: Sampler = (draw) => -Math.log(1 - draw())

test('R-CPM-6 a chain: two even hours are a triangle, five exponential ones an Erlang distribution', () => {
  const [triangle] = simulate(toSimulation(2, chain(2), uniform))
  assertNear(triangle!.p50, 1, 0.01)
  assertNear(triangle!.p80, 2 - Math.sqrt(0.4), 0.015)
  assertNear(triangle!.mean, 1, 0.01)
  // Quantiles of the Erlang distribution with k = 5, rate 1: half of those of chi-squared with 10 degrees of freedom.
  const [erlang] = simulate(toSimulation(5, chain(5), exponential))
  assertNear(erlang!.p50, 9.3418 / 2, 0.07)
  assertNear(erlang!.p80, 13.442 / 2, 0.1)
  assertNear(erlang!.mean, 5, 0.07)
})

test('R-CPM-6 parallel branches: the last of k even hours has the quantile p^(1/k)', () => {
  for (const count of [1, 2, 5, 10]) {
    const [last] = simulate(toSimulation(count, [], uniform))
    assertNear(last!.p50, 0.5 ** (1 / count), 0.012)
    assertNear(last!.p80, 0.8 ** (1 / count), 0.012)
    assertNear(last!.mean, count / (count + 1), 0.01)
  }
})

test('R-CPM-6 the same seed gives the same answer, another one another', () => {
  const simulation = { ...toSimulation(3, chain(3), exponential), runs: 100 }
  assert.deepEqual(simulate(simulation), simulate(simulation))
  assert.notDeepEqual(simulate(simulation), simulate({ ...simulation, seed: 43 }))
})

test('R-CPM-6 where nothing is known of a duration its hours stand, and what is over is not drawn', () => {
  const simulation = { ...toSimulation(3, chain(3), exponential), runs: 50 }
  const fixed = simulate({ ...simulation, samplerOf: () => undefined })[0]!
  assert.deepEqual(
    [fixed.p50, fixed.p80, fixed.mean].map((ms) => Math.round(ms / msOfHour)),
    [3, 3, 3],
  )
  simulation.timing.mode.set([modes.planned, modes.done, modes.none, modes.done])
  assert.equal(simulate(simulation)[0]!.p80, 0)
})

test('R-CPM-6 the generator is even: mean, variance and sixteen cells of 160,000 draws', () => {
  const draw = openDraw(1)
  const cells = new Int32Array(16)
  let sum = 0
  let squares = 0
  for (let i = 0; i < 160_000; i += 1) {
    const value = draw()
    assert.ok(value >= 0 && value < 1)
    cells[Math.floor(value * 16)]! += 1
    sum += value
    squares += value * value
  }
  const mean = sum / 160_000
  assert.ok(Math.abs(mean - 0.5) < 0.003)
  assert.ok(Math.abs(squares / 160_000 - mean * mean - 1 / 12) < 0.002)
  // Chi-squared with 15 degrees of freedom: beyond 44 once in ten thousand.
  assert.ok(cells.reduce((chi, count) => chi + (count - 10_000) ** 2 / 10_000, 0) < 44)
})

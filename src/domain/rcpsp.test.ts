/** The scheduler against answers by hand, an independent checker, and all schedules there are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '../../test/table.ts'
import { findBound } from './rcpsp-bound.ts'
import { listFaults } from './rcpsp-check.ts'
import { generateInParallel, generateSerially, toRoom, toTimes } from './rcpsp-generate.ts'
import { cross, drawList, mutate, toLatestFinish } from './rcpsp-list.ts'
import { toProblem } from './rcpsp-problem.ts'
import { advance, startSearch } from './rcpsp-search.ts'
import type { Progress } from './rcpsp-search.ts'
import { explainStarts } from './rcpsp-why.ts'
import type { Why } from './rcpsp-why.ts'
import { costOf } from './rcpsp.ts'
import type { Activity, Problem, Profile, Project, Step, Times } from './rcpsp.ts'
import { openDraw } from './simulate.ts'

const nameOf = (j: number): string => String.fromCharCode(65 + j)
const indexOf = (name = ''): number => name.charCodeAt(0) - 65

/** `2`, or `0:1 3:0 5:2` for what changes with time. */
const parseProfile = (text: string): Profile =>
  text.includes(':')
    ? text.split(' ').map((step) => step.split(':').map(Number) as unknown as Step)
    : Number(text)

/**
 * An activity is written `A3*2*1@4!9w5c`: three slots, two of the first resource and one of the second, released at 4,
 * due at 9, weight 5, in the calendar. `A>B+1` says that B waits for A and one slot more.
 */
function parseProject(row: Record<string, string>): Project {
  const words = row['work']!.split(' ')
  const activities = words
    .filter((word) => !word.includes('>'))
    .map((word): Activity => {
      const [, duration, needs = '', release, due, weight, calendar] =
        /^[A-Z](\d+)((?:\*\d+)*)(?:@(\d+))?(?:!(\d+))?(?:w(\d+))?(c)?$/.exec(word)!
      return {
        duration: Number(duration),
        needs: needs
          .split('*')
          .slice(1)
          .map((amount, resource) => ({ resource, amount: Number(amount) })),
        ...(release !== undefined && { release: Number(release) }),
        ...(due !== undefined && { due: Number(due) }),
        ...(weight !== undefined && { weight: Number(weight) }),
        ...(calendar !== undefined && { calendar: 0 }),
      }
    })
  const precedences = words
    .filter((word) => word.includes('>'))
    .map((word) => {
      const [before, after, lag = '0'] = word.split(/[>+]/)
      return { before: indexOf(before), after: indexOf(after), lag: Number(lag) }
    })
  return {
    activities,
    precedences,
    capacities: row['capacity'] === '' ? [] : row['capacity']!.split(', ').map(parseProfile),
    ...(row['calendar'] && { calendars: [parseProfile(row['calendar'])] }),
    ...(row['horizon'] && { horizon: Number(row['horizon']) }),
  }
}

function assertProblem(project: Project): Problem {
  const answer = toProblem(project)
  assert.ok(answer.ok, JSON.stringify(answer))
  return answer.problem
}

function solve(
  project: Project,
  schedules = 500,
  seed = 1,
): { problem: Problem; best: Times; progress: Progress } {
  const problem = assertProblem(project)
  const search = startSearch(problem, { seed, schedules })
  const progress = advance(search, schedules)
  assert.deepEqual(listFaults(project, search.best), [])
  return { problem, best: search.best, progress }
}

function showWhy(why: Why): string {
  if (why.kind === 'predecessor') return `after ${nameOf(why.activity)}${why.lag > 0 ? `+${why.lag}` : ''}`
  if (why.kind === 'resource') return `r${why.resource} held by ${why.holders.map(nameOf).join('')}`
  if (why.kind === 'capacity') return `r${why.resource} short in ${why.slot}`
  if (why.kind === 'calendar') return `closed in ${why.slot}`
  return why.kind
}

const answers = table`
  what                             | capacity      | calendar    | work                     | starts | ends    | why
  nothing scarce                   |               |             | A3 B2                    | 0 0    | 3 2     | origin; origin
  one behind the other             |               |             | A3 B2 A>B                | 0 3    | 3 5     | origin; after A
  a lag, the work in between free  | 1             |             | A3*1 B2*1 C1*1 A>B+1     | 0 4 3  | 3 6 4   | origin; after A+1; r0 held by A
  a conflict: the long chain first | 2             |             | A2*2 B3*2 C5 B>C         | 3 0 3  | 5 3 8   | r0 held by B; origin; after B
  two fit, the third waits         | 2             |             | A2*1 B2*1 C1*2 A>C       | 0 0 2  | 2 2 3   | origin; origin; after A
  a release                        | 1             |             | A2*1@4                   | 4      | 6       | release
  a release between                | 1             |             | A2*1@1 B3*1 A>B          | 1 3    | 3 6     | release; after A
  two resources                    | 1, 1          |             | A2*1*0 B2*0*1 C2*1*1 A>C | 0 0 2  | 2 2 4   | origin; origin; after A
  a gap that is too short          | 0:1 2:0 3:1   |             | A3*1                     | 3      | 6       | r0 short in 2
  a gap is used                    | 0:1 2:0 3:1   |             | A3*1 B2*1                | 3 0    | 6 2     | r0 short in 2; origin
  more from a slot on              | 0:1 4:2       |             | A2*2                     | 4      | 6       | r0 short in 3
  nothing before the first step    | 2:1 9:1       |             | A1*1                     | 2      | 3       | r0 short in 1
  a milestone                      | 1             |             | A2*1 B0*9 C1*1 A>B B>C   | 0 2 2  | 2 2 3   | origin; after A; after B
  a milestone needs no capacity    | 0             |             | A0*1                     | 0      | 0       | origin
  work pauses when it is closed    | 1             | 0:1 2:0 5:1 | A3*1c                    | 0      | 6       | origin
  others work in the pause         | 1             | 0:1 2:0 5:1 | A3*1c B3*1 B>A           | 5 0    | 8 3     | closed in 4; origin
  a pause holds nothing            | 1             | 0:1 2:0 5:1 | A5*1c B3*1@2             | 0 2    | 8 5     | origin; release
  starts only when it is open      |               | 3:1         | A1c                      | 3      | 4       | closed in 2
  the due date first, then the end | 1             |             | A2*1 B2*1!2 C3 A>C       | 2 0 4  | 4 2 7   | r0 held by B; origin; after A
  weight decides who is late       | 1             |             | A2*1!2w1 B2*1!2w3        | 2 0    | 4 2     | r0 held by B; origin
  the horizon is just enough       | 1             |             | A2*1 B2*1 A>B            | 0 2    | 2 4     | origin; after A
`

test('R-RCP-3 small cases by hand: when each starts and ends, and why', async (t) => {
  for (const row of answers)
    await t.test(row['what'], () => {
      const { problem, best } = solve(parseProject(row))
      assert.equal(best.start.join(' '), row['starts'])
      assert.equal(best.finish.join(' '), row['ends'])
      assert.equal(explainStarts(problem, best).map(showWhy).join('; '), row['why'])
    })
})

const impossibles = table`
  what                        | capacity    | calendar | horizon | work               | why
  no capacity                 | 0           |          |         | A1*1               | never_enough A r0 1 of 0
  too little, one of two      | 9, 2        |          |         | A1*1*3 B1*9*2      | never_enough A r1 3 of 2
  both are named              | 1           |          |         | A1*2 B1*3          | never_enough A r0 2 of 1; never_enough B r0 3 of 1
  a profile without a step    | 0:0         |          |         | A1*1               | never_enough A r0 1 of 0
  no window is long enough    | 0:1 2:0     |          |         | A3*1               | no_room A
  and who waits for it        | 0:1 2:0     |          |         | A3*1 B1 A>B        | no_room A; no_room B
  the windows are over        | 0:1 2:0     |          |         | A1*1@2             | no_room A
  the calendar closes         |             | 0:1 2:0  |         | A3c                | no_room A
  behind the horizon          | 1           |          | 3       | A2*1 B2*1 A>B      | no_room B
  a cycle, not what is behind |             |          |         | A1 B1 C1 A>B B>A B>C | cycle AB
  waits for itself            |             |          |         | A1 A>A             | cycle A
`

test('R-RCP-2 what cannot be scheduled is named, with the reason', async (t) => {
  for (const row of impossibles)
    await t.test(row['what'], () => {
      const answer = toProblem(parseProject(row))
      assert.ok(!answer.ok)
      const shown = answer.why.map((why) =>
        why.kind === 'cycle'
          ? `cycle ${why.activities.map(nameOf).join('')}`
          : why.kind === 'no_room'
            ? `no_room ${nameOf(why.activity)}`
            : `never_enough ${nameOf(why.activity)} r${why.resource} ${why.needs} of ${why.most}`,
      )
      assert.equal(shown.join('; '), row['why'])
    })
})

test('R-RCP-2 together they may not fit where each alone does: the best ends behind the horizon and the cost says so', () => {
  const project = { ...parseProject({ capacity: '1', work: 'A2*1 B2*1' }), horizon: 3 }
  const problem = assertProblem(project)
  const search = startSearch(problem, { seed: 1, schedules: 50 })
  assert.equal(advance(search, 50).isFeasible, false)
  assert.deepEqual(listFaults(project, search.best).length, 1)
})

test('R-RCP-2 numbers that are none are refused', () => {
  const one: Activity = { duration: 1, needs: [] }
  const wrong: readonly Partial<Project>[] = [
    { activities: [{ ...one, duration: -1 }] },
    { activities: [{ ...one, duration: 1.5 }] },
    { activities: [{ ...one, release: Number.NaN }] },
    { activities: [{ ...one, calendar: 0 }] },
    { activities: [{ ...one, needs: [{ resource: 1, amount: 1 }] }] },
    { activities: [{ ...one, needs: [0, 0].map((resource) => ({ resource, amount: 1 })) }] },
    { activities: [{ ...one, due: 1, weight: 2 ** 30 }], horizon: 2 ** 16 },
    { precedences: [{ before: 0, after: 0, lag: -1 }] },
    { precedences: [{ before: 0, after: 1, lag: 0 }] },
    { capacities: [-1] },
    {
      capacities: [
        [
          [0, 1],
          [0, 2],
        ],
      ],
    },
    { horizon: 0 },
  ]
  for (const fault of wrong)
    assert.throws(
      () => toProblem({ activities: [one], precedences: [], capacities: [1], ...fault }),
      RangeError,
      JSON.stringify(fault),
    )
})

/** Up to `most` activities with everything there is: lags, releases, due dates, gaps, a calendar. */
function drawProject(seed: number, most: number): Project {
  const draw = openDraw(seed)
  const below = (limit: number): number => Math.floor(draw() * limit)
  const size = 2 + below(most - 1)
  const resources = 1 + below(2)
  const peaks = Array.from({ length: resources }, () => 1 + below(3))
  const withDue = draw() < 0.4
  const withCalendar = draw() < 0.3
  return {
    activities: Array.from({ length: size }, (): Activity => ({
      duration: below(4),
      needs: peaks.map((peak, resource) => ({ resource, amount: below(peak + 1) })),
      release: draw() < 0.2 ? below(6) : 0,
      ...(withDue && draw() < 0.6 && { due: below(9), weight: below(4) }),
      ...(withCalendar && draw() < 0.5 && { calendar: 0 }),
    })),
    precedences: Array.from({ length: below(size) }, () => {
      const before = below(size - 1)
      return { before, after: before + 1 + below(size - 1 - before), lag: draw() < 0.3 ? below(3) : 0 }
    }),
    capacities: peaks.map((peak): Profile =>
      draw() < 0.4
        ? [
            [0, peak],
            [2 + below(2), below(peak + 1)],
            [4 + below(3), peak],
          ]
        : peak,
    ),
    calendars: [
      [
        [below(2), 1],
        [3, 0],
        [4 + below(3), 1],
      ],
    ],
  }
}

const isOpen = (project: Project, j: number, slot: number): boolean => {
  const calendar = project.activities[j]!.calendar
  const steps = calendar === undefined ? 1 : project.calendars![calendar]!
  return typeof steps === 'number' || (steps.findLast(([from]) => from <= slot)?.[1] ?? 0) > 0
}

/** The least lateness and then the least end, over all starts up to an end that is known to be possible. */
function tryAllStarts(project: Project, reached: number): readonly [lateness: number, end: number] {
  const { activities, precedences, capacities } = project
  const used = capacities.map(() => new Int32Array(reached))
  const there = capacities.map((profile) =>
    Int32Array.from({ length: reached }, (_, slot) =>
      typeof profile === 'number' ? profile : (profile.findLast(([from]) => from <= slot)?.[1] ?? 0),
    ),
  )
  const finish: number[] = []
  let best: readonly [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  const go = (j: number, lateness: number, end: number): void => {
    if (lateness > best[0] || (lateness === best[0] && end >= best[1])) return
    const one = activities[j]
    if (one === undefined) {
      best = [lateness, end]
      return
    }
    const waits = precedences
      .filter(({ after }) => after === j)
      .map(({ before, lag }) => finish[before]! + lag)
    for (let start = Math.max(one.release ?? 0, ...waits); start <= reached; start += 1) {
      if (one.duration > 0 && !isOpen(project, j, start)) continue
      const slots: number[] = []
      for (let slot = start; slots.length < one.duration && slot < reached; slot += 1)
        if (isOpen(project, j, slot)) slots.push(slot)
      if (slots.length < one.duration) return
      const fits = slots.every((slot) =>
        one.needs.every(({ resource, amount }) => used[resource]![slot]! + amount <= there[resource]![slot]!),
      )
      if (!fits) continue
      const take = (sign: number): void => {
        for (const slot of slots)
          for (const { resource, amount } of one.needs) used[resource]![slot]! += sign * amount
      }
      take(1)
      finish[j] = one.duration === 0 ? start : slots.at(-1)! + 1
      const late = one.due === undefined ? 0 : (one.weight ?? 1) * Math.max(0, finish[j] - one.due)
      go(j + 1, lateness + late, Math.max(end, finish[j]))
      take(-1)
    }
  }
  go(0, 0, 0)
  return best
}

test('R-RCP-5 on small instances the search reaches the best of all starts, and no bound is above it', () => {
  let late = 0
  let waited = 0
  for (let seed = 1; seed <= 400; seed += 1) {
    const project = drawProject(seed, 5)
    const { problem, best, progress } = solve(project, 1000)
    // Less late may end a little later than what was found.
    const optimum = tryAllStarts(project, progress.makespan + 2)
    assert.deepEqual([progress.tardiness, progress.makespan], optimum, `seed ${seed}`)
    const bound = findBound(problem, progress.makespan)
    assert.ok(bound.makespan <= optimum[1] && bound.tardiness <= optimum[0], `bound of seed ${seed}`)
    const whys = explainStarts(problem, best)
    assert.ok(
      whys.every(({ kind }) => kind !== 'choice'),
      `seed ${seed}: ${JSON.stringify(whys)}`,
    )
    if (progress.tardiness > 0) late += 1
    if (whys.some(({ kind }) => kind === 'resource')) waited += 1
  }
  assert.ok(late > 40 && waited > 100, `${late} are late, in ${waited} something waits for a resource`)
})

test('R-RCP-4 with seven activities too', () => {
  for (let seed = 1001; seed <= 1040; seed += 1) {
    const project = drawProject(seed, 7)
    const { progress } = solve(project, 1000)
    assert.deepEqual(
      [progress.tardiness, progress.makespan],
      tryAllStarts(project, progress.makespan),
      `seed ${seed}`,
    )
  }
})

test('R-RCP-1 every order gives a schedule that holds, serial and parallel, by the independent checker', () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const project = drawProject(seed, 30)
    const problem = assertProblem(project)
    const room = toRoom(problem.forward)
    const times = toTimes(problem.size)
    const waits = new Int32Array(problem.size)
    const { order } = problem.forward
    for (const isSerial of [true, false, true]) {
      if (isSerial) generateSerially(problem, room, order, problem.release, times)
      else generateInParallel(problem, room, order, problem.release, times, waits)
      assert.deepEqual(listFaults(project, times), [], `seed ${seed}`)
      assert.equal(
        costOf(problem, times.finish) % (problem.forward.axis + problem.backward.axis),
        Math.max(...times.finish),
      )
    }
  }
})

test('R-RCP-1 the checker finds each kind of damage', () => {
  const project = parseProject({
    capacity: '0:1 6:2',
    calendar: '0:1 2:0 3:1',
    horizon: '12',
    work: 'A2*1 B2*1@3 C2*1c A>B+1 B0',
  })
  const holds = { start: [0, 3, 6, 0], finish: [2, 5, 8, 0] }
  assert.deepEqual(listFaults(project, holds), [])
  const damaged: readonly (readonly [string, readonly number[], readonly number[]])[] = [
    ['1 begins at 2, before its release 3', [0, 2, 6, 0], [2, 4, 8, 0]],
    ['1 does not wait for 0', [1, 3, 6, 0], [3, 5, 8, 0]],
    ['2 of resource 0 are used in slot 4, 1 are there', [0, 3, 4, 0], [2, 5, 6, 0]],
    ['1 works 3 slots of 2', [0, 3, 6, 0], [2, 6, 8, 0]],
    ['2 works 1 slots of 2', [0, 3, 1, 0], [2, 5, 3, 0]],
    ['2 begins or ends in a slot in which it does not work', [0, 5, 2, 0], [2, 7, 5, 0]],
    ['2 ends at 13, after the horizon 12', [0, 3, 11, 0], [2, 5, 13, 0]],
    ['3 is a milestone and takes time', [0, 3, 6, 0], [2, 5, 8, 1]],
    ['2 has no times', [0, 3, Number.NaN, 0], [2, 5, 8, 0]],
    ['not every activity has its times', [0, 3, 6], [2, 5, 8]],
  ]
  for (const [fault, start, finish] of damaged)
    assert.ok(
      listFaults(project, { start, finish }).includes(fault),
      `${fault}: ${listFaults(project, { start, finish }).join('; ')}`,
    )
})

test('R-RCP-6 the same seed gives the same, step by step or at once; what is best never gets worse', () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const problem = assertProblem(drawProject(seed, 40))
    const whole = startSearch(problem, { seed, schedules: 400 })
    const steps = startSearch(problem, { seed, schedules: 400 })
    const last = advance(whole, 400)
    let before = { schedules: 0, cost: Number.POSITIVE_INFINITY }
    let progress: Progress
    do {
      progress = advance(steps, 7)
      assert.ok(progress.schedules - before.schedules <= 7 && progress.schedules > before.schedules)
      const cost = costOf(problem, steps.best.finish)
      assert.ok(cost <= before.cost)
      before = { schedules: progress.schedules, cost }
    } while (!progress.isOver)
    assert.ok(progress.schedules <= 400)
    assert.deepEqual([progress, steps.best], [last, whole.best])
  }
})

test('R-RCP-6 another seed searches elsewhere; more schedules find better ones', () => {
  const projects = Array.from({ length: 20 }, (_, i) => drawProject(500 + i, 60))
  const total = (schedules: number, seed: number): number[] =>
    projects.map((project) => costOf(assertProblem(project), solve(project, schedules, seed).best.finish))
  const few = total(2, 1)
  const many = total(1000, 1)
  assert.ok(many.every((cost, i) => cost <= few[i]!))
  assert.ok(many.some((cost, i) => cost < few[i]!))
  const starts = (seed: number): string =>
    projects.map((project) => solve(project, 60, seed).best.start.join()).join(';')
  assert.equal(starts(1), starts(1))
  assert.notEqual(starts(1), starts(2))
})

test('R-RCP-1 what is waited for stands first in every order drawn, crossed or changed, in both directions', () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const problem = assertProblem(drawProject(seed, 30))
    const { size } = problem
    const draw = openDraw(seed)
    const latest = toLatestFinish(problem)
    const [mother, father, child] = [new Int32Array(size), new Int32Array(size), new Int32Array(size)]
    drawList(problem, latest, undefined, new Int32Array(2 * size), mother)
    drawList(problem, latest, draw, new Int32Array(2 * size), father)
    for (const side of [problem.forward, problem.backward]) {
      for (let times = 0; times < 20; times += 1) {
        cross(mother, father, draw, new Uint8Array(size), child)
        mutate(side, draw, child)
        const place = new Map(Array.from(child, (j, at) => [j, at]))
        assert.equal(place.size, size)
        for (const j of child)
          for (const before of side.predecessor.subarray(
            side.predecessorStart[j],
            side.predecessorStart[j + 1],
          ))
            assert.ok(place.get(before)! < place.get(j)!, `seed ${seed}: ${child.join(' ')}`)
        father.set(child)
      }
      mother.reverse()
      father.reverse()
    }
  }
})

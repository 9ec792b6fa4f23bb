/**
 * Every `.sm` instance of a folder (PSPLIB's format: Kolisch and Sprecher, 1996), scheduled with so many schedules each:
 * how far the best is from the published optimum (`best_*.csv` in the folder or beside it) and from the critical path,
 * each checked independently. PSPLIB states no licence: it is read from where you keep it, nothing of it is here.
 */
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { msOfHour } from '#domain/calendar.ts'
import { reckon } from '#domain/critical-path.ts'
import { toNetwork } from '#domain/network.ts'
import { listFaults } from '#domain/rcpsp-check.ts'
import { toProblem } from '#domain/rcpsp-problem.ts'
import { advance, startSearch } from '#domain/rcpsp-search.ts'
import type { Project } from '#domain/rcpsp.ts'

const [folder, counts = '1000', seed = '1'] = process.argv.slice(2)
if (folder === undefined) throw new Error('Usage: npm run bench -- psplib DIR [schedules[,schedules]] [seed]')

function parseProject(text: string): Project {
  const listRows = (from: string, to?: string): number[][] =>
    text
      .slice(text.indexOf(from), to === undefined ? undefined : text.indexOf(to))
      .split('\n')
      .filter((line) => /^\s*\d[\d\s]*$/.test(line))
      .map((line) => line.trim().split(/\s+/).map(Number))
  const jobs = listRows('PRECEDENCE RELATIONS', 'REQUESTS/DURATIONS')
  return {
    activities: listRows('REQUESTS/DURATIONS', 'RESOURCEAVAILABILITIES').map(
      ([, , duration = Number.NaN, ...amounts]) => ({
        duration,
        needs: amounts.map((amount, resource) => ({ resource, amount })),
      }),
    ),
    precedences: jobs.flatMap(([job = 0, , , ...successors]) =>
      successors.map((to) => ({ before: job - 1, after: to - 1, lag: 0 })),
    ),
    capacities: listRows('RESOURCEAVAILABILITIES')[0] ?? [],
  }
}

/** One period is taken for an hour. */
function findCriticalLength({ activities, precedences }: Project): number {
  const nodes = activities.map((_, j) => ({ id: String(j), parentId: null }))
  const edges = precedences.map(({ before, after }) => ({
    from: String(before),
    to: String(after),
    lagHours: 0,
  }))
  const timing = {
    mode: new Uint8Array(nodes.length),
    hours: Float64Array.from(activities, ({ duration }) => duration),
    began: new Float64Array(nodes.length),
    ended: new Float64Array(nodes.length),
  }
  const sink = nodes.length - 1
  const { earliestFinish } = reckon({ network: toNetwork(nodes, edges), timing, nowMs: 0, ends: [sink] })
  return (earliestFinish[sink] ?? Number.NaN) / msOfHour
}

const paths = globSync(join(folder, '**', '*.sm')).toSorted()
if (paths.length === 0) throw new Error(`no .sm file in ${folder}`)
const instances = paths.map((path) => {
  const project = parseProject(readFileSync(path, 'utf8'))
  return { name: basename(path, '.sm'), project, path: findCriticalLength(project) }
})
const published = new Map(
  [folder, dirname(folder)]
    .flatMap((place) => globSync(join(place, 'best_*.csv')))
    .flatMap((path) => readFileSync(path, 'utf8').trim().split('\n').slice(1))
    .map((line) => line.split(','))
    .map(
      ([name = '', path = '', , best = '']) => [name, { path: Number(path), best: Number(best) }] as const,
    ),
)
const known = instances.filter(({ name }) => published.has(name))
const wrong = known.filter(({ name, path }) => published.get(name)?.path !== path)
console.log(`${known.length - wrong.length} of ${known.length} critical paths are as long as published`)

/** In percent, the mean over those that have both. */
const meanOver = (pairs: readonly (readonly [found: number, reference: number])[]): string =>
  (
    pairs.reduce((sum, [found, reference]) => sum + (100 * (found - reference)) / reference, 0) / pairs.length
  ).toFixed(3)

const faults: string[] = []
const rows = counts.split(',').map((count) => {
  const began = performance.now()
  let schedules = 0
  const results = instances.map(({ name, project, path }) => {
    const answer = toProblem(project)
    if (!answer.ok) throw new Error(`${name}: ${JSON.stringify(answer.why)}`)
    const search = startSearch(answer.problem, { seed: Number(seed), schedules: Number(count) })
    const { makespan, bound, schedules: used } = advance(search, Number(count))
    schedules += used
    faults.push(...listFaults(project, search.best).map((fault) => `${name}: ${fault}`))
    const best = published.get(name)?.best
    if (Math.max(...search.best.finish) !== makespan) faults.push(`${name}: does not end at ${makespan}`)
    if (best !== undefined && makespan < best)
      faults.push(`${name}: ${makespan} is below the optimum ${best}`)
    if (bound.makespan > (best ?? makespan))
      faults.push(`${name}: bound ${bound.makespan} above ${best ?? makespan}`)
    return { makespan, best, path, isProved: makespan === bound.makespan, bound: bound.makespan }
  })
  const withBest = results.flatMap(({ makespan, best }) =>
    best === undefined ? [] : [[makespan, best] as const],
  )
  return {
    schedules: Number(count),
    seed: Number(seed),
    instances: results.length,
    'over optimum %': withBest.length === 0 ? '' : meanOver(withBest),
    'at optimum': withBest.filter(([makespan, best]) => makespan === best).length,
    'proved optimal': results.filter(({ isProved }) => isProved).length,
    'over bound %': meanOver(results.map(({ makespan, bound }) => [makespan, bound])),
    'over critical path %': meanOver(results.map(({ makespan, path }) => [makespan, path])),
    'ms per 1000': ((1000 * (performance.now() - began)) / schedules).toFixed(1),
  }
})
console.table(rows)
console.log(
  faults.length === 0 ? 'every schedule holds, by the independent checker' : faults.slice(0, 20).join('\n'),
)
if (faults.length > 0 || wrong.length > 0) process.exitCode = 1

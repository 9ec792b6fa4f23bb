/**
 * The critical path of every instance of a PSPLIB folder (`<DIR>/j30/*.sm`, `<DIR>/best_j30.csv`) beside the published
 * bound. PSPLIB states no licence: it is read from where you keep it, and nothing of it is in this project.
 */
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { msOfHour } from '#domain/calendar.ts'
import { reckon } from '#domain/critical-path.ts'
import { toNetwork } from '#domain/network.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('Usage: npm run bench -- psplib DIR')

/** One period is taken for an hour. */
function findLength(text: string): number {
  const section = (from: string, to: string): number[][] =>
    text
      .slice(text.indexOf(from), text.indexOf(to))
      .split('\n')
      .filter((line) => /^\s*\d[\d\s]*$/.test(line))
      .map((line) => line.trim().split(/\s+/).map(Number))
  const jobs = section('PRECEDENCE RELATIONS', 'REQUESTS/DURATIONS')
  const durations = new Map(
    section('REQUESTS/DURATIONS', 'RESOURCEAVAILABILITIES').map(([job = 0, , hours = 0]) => [job, hours]),
  )
  const edges = jobs.flatMap(([job, , , ...successors]) =>
    successors.map((to) => ({ from: String(job), to: String(to), lagHours: 0 })),
  )
  const nodes = jobs.map(([job]) => ({ id: String(job), parentId: null }))
  const timing = {
    mode: new Uint8Array(nodes.length),
    hours: Float64Array.from(jobs, ([job = 0]) => durations.get(job) ?? Number.NaN),
    began: new Float64Array(nodes.length),
    ended: new Float64Array(nodes.length),
  }
  const sink = nodes.length - 1
  const { earliestFinish } = reckon({ network: toNetwork(nodes, edges), timing, nowMs: 0, ends: [sink] })
  return (earliestFinish[sink] ?? Number.NaN) / msOfHour
}

const published = new Map(
  readFileSync(join(folder, 'best_j30.csv'), 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .map(([name = '', bound = '']) => [name, Number(bound)] as const),
)
let equal = 0
const wrong: string[] = []
const start = performance.now()
for (const path of globSync(join(folder, 'j30', '*.sm'))) {
  const name = basename(path, '.sm')
  const length = findLength(readFileSync(path, 'utf8'))
  if (length === published.get(name)) equal += 1
  else wrong.push(`${name}: ${length}, published ${published.get(name)}`)
}
console.log(
  `${equal} of ${equal + wrong.length} critical paths are as long as published (${(performance.now() - start).toFixed(0)} ms)`,
)
if (wrong.length > 0 || equal === 0) {
  console.log(wrong.slice(0, 20).join('\n'))
  process.exitCode = 1
}

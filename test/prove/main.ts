/**
 * `npm run prove -- storm|fuzz|races|forgery|tamper|graph|reservations [--seed N] [--size full|small]`: one heavy proof. The seed is printed first,
 * so that a run which fails can be had again; the figures of a full one are kept in docs/operate/proofs.md.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { drawSeed, sizes } from './proof.ts'
import type { Figures, Proof } from './proof.ts'
import { proveForgery } from './forgery.ts'
import { proveFuzz } from './fuzz.ts'
import { proveGraph } from './graph.ts'
import { proveRaces } from './races.ts'
import { proveReservations } from './reservations.ts'
import { proveStorm } from './storm.ts'
import { proveTamper } from './tamper.ts'

const proofs: { readonly [name: string]: (proof: Proof) => Promise<Figures> } = {
  storm: proveStorm,
  fuzz: proveFuzz,
  races: proveRaces,
  forgery: proveForgery,
  tamper: proveTamper,
  graph: proveGraph,
  reservations: proveReservations,
}
const page = new URL('../../docs/operate/proofs.md', import.meta.url)

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: 'string' }, size: { type: 'string', default: 'full' } },
  })
  const [name = ''] = positionals
  const prove = proofs[name]
  const size = sizes.find((known) => known === values.size)
  const seed = values.seed === undefined ? drawSeed() : Number(values.seed)
  if (prove === undefined || size === undefined || !Number.isSafeInteger(seed)) {
    const usage = `npm run prove -- ${Object.keys(proofs).join('|')} [--seed N] [--size ${sizes.join('|')}]`
    process.stderr.write(`Usage: ${usage}\n`)
    return 2
  }
  console.log(`${name}: size ${size}, seed ${seed}`)
  const begun = performance.now()
  try {
    const figures = await prove({ size, seed, say: (line) => console.log(`  ${line}`) })
    const lines = toLines(seed, Math.round((performance.now() - begun) / 1000), figures)
    console.log(lines.join('\n'))
    if (size === 'full') keep(name, lines)
    return 0
  } catch (error) {
    console.error(error)
    console.error(`${name} failed; again: npm run prove -- ${name} --size ${size} --seed ${seed}`)
    return 1
  }
}

function toLines(seed: number, seconds: number, figures: Figures): string[] {
  const machine = `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`
  return [
    `- last full run: ${new Date().toISOString().slice(0, 10)}, seed ${seed}, ${seconds} s (${machine})`,
    ...Object.entries(figures).map(([name, value]) => `- ${name}: ${value.toLocaleString('en')}`),
  ]
}

/** Between the two marks of this proof. */
function keep(name: string, lines: readonly string[]): void {
  const text = readFileSync(page, 'utf8')
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`]
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`docs/operate/proofs.md has no place for ${name}`)
  writeFileSync(page, `${text.slice(0, from + begin.length)}${lines.join('\n')}\n${text.slice(to)}`)
}

process.exitCode = await main()

/** `npm run prove -- storm|fuzz|races [--seed N] [--size full|small]`: one heavy proof, by its seed. */
import { parseArgs } from 'node:util'
import { drawSeed, sizes } from './proof.ts'
import type { Figures, Proof } from './proof.ts'
import { proveFuzz } from './fuzz.ts'
import { proveRaces } from './races.ts'
import { proveStorm } from './storm.ts'

const proofs: { readonly [name: string]: (proof: Proof) => Promise<Figures> } = {
  storm: proveStorm,
  fuzz: proveFuzz,
  races: proveRaces,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, size: { type: 'string', default: 'full' } },
})
const [name = ''] = positionals
const prove = proofs[name]
const size = sizes.find((known) => known === values.size)
if (prove === undefined || size === undefined) {
  process.stderr.write(`Usage: npm run prove -- ${Object.keys(proofs).join('|')} [--seed N] [--size ${sizes.join('|')}]\n`)
  process.exit(2)
}
const seed = values.seed === undefined ? drawSeed() : Number(values.seed)
process.stdout.write(`${name}: size ${size}, seed ${seed}\n`)
const figures = await prove({ size, seed, say: (line) => void process.stdout.write(`  ${line}\n`) })
console.log(figures)

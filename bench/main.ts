/** `npm run bench -- <name> [arguments]`: runs one benchmark as a process of its own and ends as it ends. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const names = [
  'transitions',
  'create',
  'list',
  'import',
  'verify',
  'seal',
  'tree',
  'psplib',
  'schedule',
  'matching',
  'estimates',
]

const [name = '', ...rest] = process.argv.slice(2)
const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
if (names.includes(name) && existsSync(script)) {
  const child = spawn(process.execPath, [script, ...rest], { stdio: 'inherit' })
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
} else {
  process.stderr.write(`Usage: npm run bench -- ${names.join('|')} [arguments]\n`)
  process.exitCode = 2
}

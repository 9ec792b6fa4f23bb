/** The `docket` command against a service of the test, with what a person would type on standard input. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export type Run = { readonly code: number | null; readonly out: string; readonly err: string }
export type Docket = (argv: readonly string[], how?: { key?: string; typed?: string }) => Promise<Run>

export const openDocket =
  (environment: NodeJS.ProcessEnv): Docket =>
  async (argv, { key, typed = '' } = {}) => {
    const child = spawn(process.execPath, [main, ...argv], {
      env: {
        PATH: process.env['PATH'] ?? '',
        TZ: 'Asia/Tokyo',
        ...environment,
        ...(key === undefined ? {} : { DOCKET_KEY: key }),
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child.stdin.end(typed)
    const ended = once(child, 'exit')
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
    await ended
    return { code: child.exitCode, out, err }
  }

/** The answer of a command that must not be refused. */
export function answerOf({ code, out, err }: Run): string {
  assert.equal(code, 0, `${err}\n${out}`)
  return out
}

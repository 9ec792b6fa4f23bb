/**
 * The commands of the README and of the guides, run as they stand. Blocks that open with ```sh run are one
 * script for each page, on an empty data folder with the service running; only the port is another. A comment
 * `# prints: …` says what the output must hold.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { startService } from './service-process.ts'

const readBlocks = (page: string): string =>
  [...page.matchAll(/^```sh run\n([\s\S]*?)^```$/gm)].map((match) => match[1]).join('\n')

const pages = ['README.md', ...globSync('docs/guides/*.md').toSorted()]
  .map((path) => ({ path, script: readBlocks(readFileSync(path, 'utf8')) }))
  .filter(({ script }) => script !== '')

test('R-DOC-3 the README and the guides have commands to run', () => {
  assert.ok(pages.some(({ path }) => path === 'README.md'))
  assert.ok(pages.length >= 5, pages.map(({ path }) => path).join(' '))
  assert.equal(
    readBlocks('```sh\nnot this\n```\n```sh run\nthis\n```\ntext\n```sh run\nand this\n```\n'),
    'this\n\nand this\n',
  )
})

for (const { path, script } of pages) {
  test(`R-DOC-3 the commands of ${path} do what they say`, { timeout: 420_000 }, async () => {
    const parent = mkdtempSync(join(tmpdir(), 'docket-guide-'))
    chmodSync(parent, 0o711)
    const folder = join(parent, 'data')
    const service = await startService(folder, 60_000)
    try {
      const commands = script.replaceAll('127.0.0.1:3000', `127.0.0.1:${service.port}`)
      const bash = spawn('bash', ['-euo', 'pipefail', '-c', commands], {
        cwd: new URL('..', import.meta.url),
        env: { ...process.env, PORT: String(service.port), DOCKET_DATA: folder, TMPDIR: parent },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const ended = once(bash, 'exit')
      const [output, errors] = await Promise.all([text(bash.stdout), text(bash.stderr)])
      await ended
      assert.equal(bash.exitCode, 0, `${errors}\n${output.slice(-3000)}`)
      for (const [, wanted = ''] of script.matchAll(/^\s*# prints: (.+)$/gm))
        assert.ok(
          `${output}\n${errors}`.includes(wanted),
          `${path} does not print "${wanted}":\n${output}\n${errors}`,
        )
    } finally {
      await service.stop()
      rmSync(parent, { recursive: true, force: true })
    }
  })
}

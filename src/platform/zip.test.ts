import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { unzipSync } from 'fflate'
import { openZip } from './zip.ts'

const at = new Date('2026-11-21T00:40:00Z')

test('R-PACK-13 an archive gives back every file as it was, streamed or not', async () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  const bytes = fc.uint8Array({ maxLength: 3000 })
  const file = fc.record({ name, bytes, isStreamed: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(file, { maxLength: 8 }), async (files) => {
      const written: Buffer[] = []
      const zip = openZip(async (part) => void written.push(part), at)
      const expected = new Map<string, Uint8Array>()
      for (const [i, one] of files.entries()) {
        const path = `${i}/${one.name.replaceAll('\\', '_')}`
        const content = Buffer.from(one.bytes)
        const added = one.isStreamed
          ? await zip.addStream(path, inPieces(content))
          : await zip.add(path, content)
        const sha256 = createHash('sha256').update(content).digest('hex')
        assert.deepEqual(added, { path, sha256, size: content.length })
        expected.set(path, one.bytes)
      }
      await zip.close()
      const read = new Map(Object.entries(unzipSync(Buffer.concat(written))))
      assert.deepEqual([...read.keys()], [...expected.keys()])
      for (const [path, content] of expected)
        assert.ok(Buffer.from(content).equals(read.get(path) ?? Buffer.alloc(1)))
    }),
    { numRuns: 60 },
  )
})

async function* inPieces(content: Buffer): AsyncGenerator<Buffer> {
  for (let i = 0; i < content.length; i += 700) yield content.subarray(i, i + 700)
}

test('R-PACK-13 a file that cannot be read to its end ends the archive', async () => {
  const zip = openZip(async () => undefined, at)
  await assert.rejects(zip.addStream('a', breaks()), /the disk is gone/)
})

async function* breaks(): AsyncGenerator<Buffer> {
  yield Buffer.from('begun')
  throw new Error('the disk is gone')
}

/**
 * A .zip written as a stream (APPNOTE 6.3.10): nothing is held but one line for each file, and each file is hashed on
 * its way. Up to 65,534 files and 4 GiB, which every reader understands; whoever writes more is stopped.
 */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { crc32, createDeflateRaw, deflateRaw } from 'node:zlib'

/** Takes bytes; resolves when it takes more. */
export type Sink = (bytes: Buffer) => Promise<void>
/** A file as it was written: SHA-256 in hex, and its size before compression. */
export type ZippedFile = { readonly path: string; readonly sha256: string; readonly size: number }

export type ZipWriter = {
  add(path: string, bytes: Buffer): Promise<ZippedFile>
  /** A file that need not fit into memory. */
  addStream(path: string, chunks: AsyncIterable<Buffer>): Promise<ZippedFile>
  /** Writes the directory: without it the archive is none. */
  close(): Promise<void>
}

type Entry = {
  readonly name: Buffer
  readonly offset: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly flags: number
}

const utf8Names = 0x0800
const sizesFollow = 0x0008
const deflated = 8
const most16 = 0xffff
const most32 = 0xffffffff
const deflate = promisify<Buffer, Buffer>(deflateRaw)

/** `at` is the time that every file of the archive gets. */
export function openZip(sink: Sink, at: Date): ZipWriter {
  const directory: Buffer[] = []
  const time = toDosTime(at)
  let offset = 0
  const write = async (bytes: Buffer): Promise<void> => {
    offset += bytes.length
    if (offset >= most32 || directory.length >= most16)
      throw new Error('the archive is larger than a .zip can be')
    await sink(bytes)
  }
  return {
    async add(path, bytes) {
      const packed = await deflate(bytes)
      const entry = {
        name: Buffer.from(path, 'utf8'),
        offset,
        crc: crc32(bytes),
        packed: packed.length,
        size: bytes.length,
        flags: utf8Names,
      }
      directory.push(toDirectoryEntry(entry, time))
      await write(toLocalHeader(entry, time))
      await write(packed)
      return { path, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length }
    },
    async addStream(path, chunks) {
      const name = Buffer.from(path, 'utf8')
      const flags = utf8Names | sizesFollow
      const begin = offset
      await write(toLocalHeader({ name, offset, crc: 0, packed: 0, size: 0, flags }, time))
      const start = offset
      const { crc, sha256, size } = await writeDeflated(chunks, write)
      const entry = { name, offset: begin, crc, packed: offset - start, size, flags }
      directory.push(toDirectoryEntry(entry, time))
      await write(toDescriptor(entry))
      return { path, sha256, size }
    },
    async close() {
      const begin = offset
      for (const entry of directory) await write(entry)
      await write(toEnd(directory.length, begin, offset - begin))
    },
  }
}

async function writeDeflated(
  chunks: AsyncIterable<Buffer>,
  write: Sink,
): Promise<{ crc: number; sha256: string; size: number }> {
  const hash = createHash('sha256')
  let crc = 0
  let size = 0
  async function* meter(): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk)
      crc = crc32(chunk, crc)
      size += chunk.length
      yield chunk
    }
  }
  await pipeline(Readable.from(meter()), createDeflateRaw(), async (packed: AsyncIterable<Buffer>) => {
    for await (const bytes of packed) await write(bytes)
  })
  return { crc, sha256: hash.digest('hex'), size }
}

/** MS-DOS time and date, in UTC: two seconds are one, and 1980 is the first year. */
function toDosTime(at: Date): number {
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1)
  const day = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate()
  return ((day << 16) | time) >>> 0
}

function toLocalHeader({ name, flags, crc, packed, size }: Entry, time: number): Buffer {
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(20, 4)
  header.writeUInt16LE(flags, 6)
  header.writeUInt16LE(deflated, 8)
  header.writeUInt32LE(time, 10)
  header.writeUInt32LE(crc, 14)
  header.writeUInt32LE(packed, 18)
  header.writeUInt32LE(size, 22)
  header.writeUInt16LE(name.length, 26)
  return Buffer.concat([header, name])
}

/** What was not known when the local header was written. */
function toDescriptor({ crc, packed, size }: Entry): Buffer {
  const descriptor = Buffer.alloc(16)
  descriptor.writeUInt32LE(0x08074b50, 0)
  descriptor.writeUInt32LE(crc, 4)
  descriptor.writeUInt32LE(packed, 8)
  descriptor.writeUInt32LE(size, 12)
  return descriptor
}

function toDirectoryEntry({ name, flags, crc, packed, size, offset }: Entry, time: number): Buffer {
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(20, 4)
  header.writeUInt16LE(20, 6)
  header.writeUInt16LE(flags, 8)
  header.writeUInt16LE(deflated, 10)
  header.writeUInt32LE(time, 12)
  header.writeUInt32LE(crc, 16)
  header.writeUInt32LE(packed, 20)
  header.writeUInt32LE(size, 24)
  header.writeUInt16LE(name.length, 28)
  header.writeUInt32LE(offset, 42)
  return Buffer.concat([header, name])
}

function toEnd(count: number, begin: number, size: number): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(begin, 16)
  return end
}

#!/usr/bin/env node
/**
 * A witness of transparency logs (C2SP tlog-witness): it cosigns a checkpoint only when that checkpoint continues
 * the last one that it cosigned of the same log. It knows nothing of entries and needs no database; run it as
 * another user, best on another machine. `--help` says how.
 */
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import { cosignNote, formatSignature, parseVkey, toVkey } from '#domain/checkpoint.ts'
import type { Verifier } from '#domain/checkpoint.ts'
import { openKey } from './key.ts'
import type { WitnessKey } from './key.ts'
import { decideCheckpoint, toOriginHash } from './protocol.ts'
import { openMemory, WitnessProblem } from './record.ts'
import type { Memory } from './record.ts'

const help = `docket-witness --data DIR --log VKEY [--log VKEY …] [--port N] [--host ADDRESS] [--name NAME]

  --data DIR      folder of the key and of what was cosigned; made when it is not there
  --log VKEY      key of a log to witness; once for each log
  --port N        port to listen on (default 8700; 0 takes a free one)
  --host ADDRESS  address to listen on (default 127.0.0.1)
  --name NAME     name in cosignatures, such as witness.example.org/w1; only read at the first start
`
const mostBodyBytes = 64 * 1024
const slowestMs = 10_000

type Settings = {
  readonly data: string
  readonly port: number
  readonly host: string
  readonly name: string
  readonly logs: readonly Verifier[]
}

function readSettings(args: readonly string[]): Settings | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string' },
      port: { type: 'string', default: '8700' },
      host: { type: 'string', default: '127.0.0.1' },
      name: { type: 'string', default: `${hostname()}/docket-witness` },
      log: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const { data, host, name } = values
  if (data === undefined) throw new WitnessProblem('Say where the key is kept: --data DIR.')
  if (!/^[^\s+\p{Cc}]+$/u.test(name)) throw new WitnessProblem('A name has no spaces and no plus signs.')
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new WitnessProblem(`${values.port} is no port.`)
  const logs = values.log.map((text) => {
    const verifier = parseVkey(text)
    if (verifier === undefined) throw new WitnessProblem(`"${text}" is no vkey of a log.`)
    return verifier
  })
  if (logs.length === 0) throw new WitnessProblem('Name the logs to witness: --log VKEY.')
  return { data, host, name, logs, port }
}

/** Decides, keeps and signs without a pause in between: two requests never see the same last checkpoint. */
function addCheckpoint(body: string, logs: readonly Verifier[], memory: Memory, own: WitnessKey): Reply {
  const decided = decideCheckpoint(body, logs, (origin) => memory.last(origin))
  if ('status' in decided) {
    if (decided.signed !== undefined && decided.status === 422)
      say({ refused: decided.why, origin: decided.signed.origin, note: decided.signed.note })
    return decided.has === undefined
      ? { status: decided.status, type: 'text/plain; charset=utf-8', body: `${decided.why}\n` }
      : { status: 409, type: 'text/x.tlog.size', body: `${decided.has}\n` }
  }
  const { origin, size, root, text } = decided
  // A clock that was set back must not make a later cosignature look older.
  const before = Date.parse(memory.last(origin)?.at ?? '1970-01-01T00:00:00Z')
  const at = new Date(Math.max(Date.now(), before))
  const cosignature = cosignNote(text, own.verifier.name, own.key, Math.floor(at.getTime() / 1000))
  const line = `${formatSignature(cosignature)}\n`
  memory.keep({ at: at.toISOString(), origin, size, root, note: toLoneNote(decided.note, text, logs) + line })
  return { status: 200, type: 'text/plain; charset=utf-8', body: line }
}

/** The checkpoint with the signatures of its log only: what others have added is not ours to keep. */
function toLoneNote(note: string, text: string, logs: readonly Verifier[]): string {
  const lines = note.slice(text.length + 1).split('\n')
  const names = logs.map(({ name }) => `— ${name} `)
  const own = lines.filter((line) => names.some((name) => line.startsWith(name)))
  return `${text}\n${own.map((line) => `${line}\n`).join('')}`
}

type Reply = { readonly status: number; readonly type: string; readonly body: string }
const plain = (status: number, body: string): Reply => ({ status, type: 'text/plain; charset=utf-8', body })

/** What the operator reads: one JSON line on standard output. */
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

async function answer(
  request: IncomingMessage,
  logs: readonly Verifier[],
  memory: Memory,
  own: WitnessKey,
): Promise<Reply> {
  const path = (request.url ?? '').split('?')[0] ?? ''
  if (path === '/add-checkpoint') {
    if (request.method !== 'POST') return plain(405, 'POST a checkpoint here\n')
    const body = await readBody(request)
    return body === undefined ? plain(413, 'too long\n') : addCheckpoint(body, logs, memory, own)
  }
  const log = logs.find(({ name }) => path === `/${toOriginHash(name)}/checkpoint`)
  const last = log === undefined ? undefined : memory.last(log.name)
  return request.method === 'GET' && last !== undefined ? plain(200, last.note) : plain(404, 'nothing here\n')
}

/** Undefined when it is longer than any request is; the rest is not read. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > mostBodyBytes) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function send(response: ServerResponse, { status, type, body }: Reply): void {
  if (status === 413) response.setHeader('connection', 'close')
  response.writeHead(status, { 'content-type': type }).end(body)
}

function openServer(logs: readonly Verifier[], memory: Memory, own: WitnessKey): Server {
  const server = createServer(
    { requestTimeout: slowestMs, headersTimeout: slowestMs, keepAliveTimeout: 60_000, maxHeaderSize: 8192 },
    (request, response) => {
      answer(request, logs, memory, own).then(
        (reply) => send(response, reply),
        (error: unknown) => {
          if (request.errored !== null) return
          say({ error: String(error) })
          send(response, plain(503, 'nothing was signed\n'))
        },
      )
    },
  )
  server.maxConnections = 512
  return server
}

async function run(args: readonly string[]): Promise<void> {
  const settings = readSettings(args)
  if (settings === undefined) return void process.stdout.write(help)
  const { data, name, logs, port, host } = settings
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const own = openKey(data, name)
  const memory = await openMemory(data, own.verifier)
  const server = openServer(logs, memory, own)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  say({ vkey: toVkey(own.verifier), listening: `http://${host}:${taken}`, logs: logs.length })
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      server.close(() => memory.close())
      server.closeAllConnections()
    })
}

run(process.argv.slice(2)).catch((error: unknown) => {
  const expected =
    error instanceof WitnessProblem ||
    /^ERR_PARSE_ARGS|^E[A-Z]+$/.test((error as { code?: string }).code ?? '')
  process.stderr.write(`${expected ? (error as Error).message : String((error as Error).stack)}\n`)
  process.exitCode = expected ? 78 : 70
})

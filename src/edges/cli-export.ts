/**
 * `docket export`: an inspection pack as a file, over HTTP like every operation, with its progress. The file has its
 * name once it is whole; what broke off leaves nothing behind.
 */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SingleBar } from 'cli-progress'
import type { Command } from 'commander'
import type { Config } from '#platform/config.ts'
import { SetupProblem, Unavailable } from '#platform/error.ts'
import { assertAnswered, call, toTarget } from './cli-operation.ts'
import type { Out } from './cli-operation.ts'

type Options = {
  readonly workOrder?: string
  readonly asset?: string
  readonly from?: string
  readonly to?: string
  readonly since?: string
  readonly out?: string
  readonly json?: boolean
  readonly key?: string
  readonly url?: string
}

export function addExportCommand(program: Command, config: () => Config, out: Out): void {
  program
    .command('export')
    .description('save an inspection pack: records to read and to check without this service, as one .zip')
    .option('--work-order <ref>', 'one work order, by number or id')
    .option('--asset <ref>', 'every work order of an asset, by tag or id')
    .option('--from <day>', 'every work order with an entry in a period: its first day (UTC)')
    .option('--to <day>', 'the last day of the period, included')
    .option(
      '--since <size>',
      'size of a checkpoint that you keep: the pack proves that the log grew out of it',
    )
    .option('--out <file>', 'where to save it; a name that says what it is when left out')
    .option('--json', 'print the answer as JSON')
    .option('--key <key>', 'API key; DOCKET_KEY when left out')
    .option('--url <url>', 'the service; DOCKET_URL, or this machine, when left out')
    .addHelpText('after', '\nExample:\n  $ docket export --work-order WO-2026-000001 --out pack.zip')
    .action(async (options: Options) => {
      const saved = await saveExport(options, config())
      out(
        options.json === true
          ? `${JSON.stringify(saved, null, 2)}\n`
          : `${saved.file}: ${saved.records === 1 ? 'one record' : `${saved.records} records`}, ${saved.bytes.toLocaleString('en')} bytes\n`,
      )
    })
}

async function saveExport(
  options: Options,
  config: Config,
): Promise<{ file: string; records: number; bytes: number }> {
  const { bearer, base } = toTarget(options.key, options.url, config)
  const { workOrder, asset, from, to, since } = options
  const given = { work_order: workOrder, asset, from, to, since }
  const query = new URLSearchParams(
    Object.entries(given).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, value]],
    ),
  )
  const response = await call(`${base}/v1/packs?${query.toString()}`, {
    headers: { authorization: `Bearer ${bearer}` },
  })
  await assertAnswered(response, response.headers.get('content-type') === 'application/zip')
  const records = Number(response.headers.get('docket-records') ?? 0)
  const named = /filename="([\w.-]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1]
  const file = options.out ?? named ?? 'docket-pack.zip'
  const bytes = await save(response, file, records)
  return { file, records, bytes }
}

async function save(response: Response, file: string, records: number): Promise<number> {
  const part = `${file}.part`
  const bar = new SingleBar({
    format: 'exporting {bar} {percentage} % | {value} of {total} records | {duration_formatted}',
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: 1000,
    hideCursor: true,
  })
  bar.start(records, 0)
  const meter = openMeter((count) => bar.update(Math.min(count, records)))
  try {
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
    await pipeline(body, meter.stream, createWriteStream(part))
    await rename(part, file)
  } catch (cause) {
    await rm(part, { force: true })
    throw toProblem(cause, file)
  } finally {
    bar.stop()
  }
  return meter.bytes()
}

function toProblem(cause: unknown, file: string): Error {
  const { code } = cause as { code?: string }
  if (['ENOENT', 'EACCES', 'ENOSPC', 'EISDIR', 'EROFS'].includes(code ?? ''))
    return new SetupProblem(`"${file}" cannot be written (${code}): choose another place with --out.`, {
      cause,
    })
  return new Unavailable('the pack broke off before its end, nothing was saved: try again', { cause })
}

const mark = '/record.json'

/** Counts the records that came by: each has one file of that name, whose name stands before its bytes. */
function openMeter(onRecord: (count: number) => void) {
  let bytes = 0
  let count = 0
  let tail = ''
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      const text = tail + chunk.toString('latin1')
      const found = text.split(mark).length - 1
      tail = text.slice(-(mark.length - 1))
      if (found > 0) {
        count += found
        onRecord(count)
      }
      done(null, chunk)
    },
  })
  return { stream, bytes: () => bytes }
}

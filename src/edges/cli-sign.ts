/**
 * `docket sign`: the ceremony on a terminal. It asks for the intent, shows the statement's text exactly as the
 * service made it, asks for the two secrets and signs. A passkey needs a browser: then it says where.
 */
import { CommanderError } from 'commander'
import type { Command } from 'commander'
import { parseStatement, toRoleText } from '#domain/statement.ts'
import type { Statement } from '#domain/statement.ts'
import type { Config } from '#platform/config.ts'
import { assertAnswered, call, Refused, toTarget } from './cli-operation.ts'
import type { Out } from './cli-operation.ts'
import { printAnswer } from './cli-print.ts'
import { describeSecrets } from './cli-secret.ts'
import type { Asker } from './cli-secret.ts'

type Options = {
  readonly gate?: string
  readonly role?: string
  readonly signingKey?: string
  readonly timeZone?: string
  readonly pending?: boolean
  readonly json?: boolean
  readonly key?: string
  readonly url?: string
}
/** As much of the answers as is used here. */
type Pending = {
  readonly data: readonly {
    readonly number: string
    readonly work_order_id: string
    readonly title: string
    readonly gate: string
    readonly role: string
    readonly for: string | null
    readonly due_at: string | null
  }[]
}
type Key = { readonly id: string; readonly kind: 'passkey' | 'passphrase'; readonly label: string }
type Intent = {
  readonly id: string
  readonly text: string
  readonly statement: string
  readonly key: Key
}
type Signed = {
  readonly signature: {
    readonly signer: string
    readonly on_behalf_of: string | null
    readonly role: string
    readonly meaning: string
    readonly signed_at_local: string
    readonly version: number
  }
  readonly work_order: { readonly number: string; readonly status: string }
}
type Wish = { readonly ref: string; readonly gate: string; readonly role: string }

export function addSignCommand(
  program: Command,
  config: () => Config,
  out: Out,
  openAsker: () => Asker,
): void {
  program
    .command('sign')
    .description(
      'sign a gate of a work order with your password and your signing key, or list what waits for you',
    )
    .argument('[work-order]', 'id or number of the work order')
    .option('--gate <name>', 'release|completion|waiver; what waits for you when left out')
    .option('--role <role>', 'in which you sign; the one that waits for you when left out')
    .option('--signing-key <id>', 'one of your signing keys; one with a passphrase when left out')
    .option(
      '--time-zone <name>',
      'IANA name of the zone in which you read the time; that of this machine when left out',
    )
    .option('--pending', 'list what waits for your signature')
    .option('--json', 'print the answer as JSON')
    .option('--key <key>', 'API key; DOCKET_KEY when left out')
    .option('--url <url>', 'the service; DOCKET_URL, or this machine, when left out')
    .addHelpText('after', '\nExample:\n  $ docket sign WO-2026-000001 --gate release --role qa')
    .addHelpText('after', describeSecrets(['password', 'passphrase']))
    .action(async (ref: string | undefined, options: Options) => {
      const service = openCaller(options, config())
      if (options.pending === true || ref === undefined) {
        if (options.pending !== true)
          throw new CommanderError(
            2,
            'docket.sign',
            'name a work order, or give --pending to see what waits for you',
          )
        const pending = { data: await listPending(service) }
        out(options.json === true ? toJson(pending) : printPending(pending))
        return
      }
      const asker = openAsker()
      try {
        await sign(service, ref, options, asker, out)
      } finally {
        asker.close()
      }
    })
}

type Caller = { ask<T>(method: string, path: string, body?: object): Promise<T>; readonly origin: string }

function openCaller(options: Options, config: Config): Caller {
  const { bearer, base } = toTarget(options.key, options.url, config)
  return {
    // Browsers offer passkeys under a name, not under an address.
    origin: config.DOCKET_ORIGIN ?? new URL(base).origin.replace('//127.0.0.1', '//localhost'),
    async ask<T>(method: string, path: string, body?: object): Promise<T> {
      const response = await call(`${base}${path}`, {
        method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${bearer}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      await assertAnswered(response, false)
      return (await response.json()) as T
    },
  }
}

/** All of it: what comes late may be the only thing that is for this person. */
async function listPending(service: Caller): Promise<Pending['data']> {
  const all: Pending['data'][number][] = []
  let path: string | undefined = '/v1/approvals'
  while (path !== undefined) {
    const page: Pending & { readonly next_cursor: string | null } = await service.ask('GET', path)
    all.push(...page.data)
    path = page.next_cursor === null ? undefined : `/v1/approvals?cursor=${page.next_cursor}`
  }
  return all
}

async function sign(service: Caller, ref: string, options: Options, asker: Asker, out: Out): Promise<void> {
  const { signingKey, timeZone, json } = options
  const wish = await completeWish(service, ref, options)
  const key = signingKey === undefined ? await findKey(service) : { id: signingKey, kind: undefined }
  if (key?.kind === 'passkey') throw toBrowser(service, wish)
  const intent = await service.ask<Intent>(
    'POST',
    `/v1/work-orders/${encodeURIComponent(wish.ref)}/signing-intents`,
    {
      gate: wish.gate,
      role: wish.role,
      time_zone: timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
      ...(key === undefined ? {} : { signing_key: key.id }),
    },
  )
  if (intent.key.kind === 'passkey') throw toBrowser(service, wish)
  if (json !== true) out(`\n${intent.text}\n\n`)
  const password = await asker.ask('Password')
  const passphrase = await asker.ask(`Passphrase of "${intent.key.label}"`)
  const secrets = { password, passphrase }
  const signed = await service.ask<Signed>('POST', `/v1/signing-intents/${intent.id}/signature`, secrets)
  out(json === true ? toJson(signed) : printSigned(signed, parseStatement(Buffer.from(intent.statement))))
}

/** What was left out is what waits for the caller, when that is one thing. */
async function completeWish(service: Caller, ref: string, { gate, role }: Options): Promise<Wish> {
  if (gate !== undefined && role !== undefined) return { ref, gate, role }
  const waiting = (await listPending(service)).filter(
    (one) =>
      [one.number, one.work_order_id].includes(ref) &&
      (gate === undefined || gate === one.gate) &&
      (role === undefined || role === one.role),
  )
  const [first] = waiting
  if (first === undefined)
    throw new Refused({ title: `nothing of ${ref} waits for your signature`, code: 'nothing_pending' })
  if (waiting.length > 1)
    throw new CommanderError(
      2,
      'docket.sign',
      `say as what you sign: ${waiting.map((one) => `--gate ${one.gate} --role ${one.role}`).join(', or ')}`,
    )
  return { ref, gate: first.gate, role: first.role }
}

/** One's own key that can sign here, else any; none is left to the service to refuse with all the rest. */
async function findKey(service: Caller): Promise<Key | undefined> {
  const { id, kind } = await service.ask<{ id: string; kind: string }>('GET', '/v1/me')
  if (kind !== 'human') return undefined
  const query = new URLSearchParams({ principal: id, status: 'active', limit: '200' })
  const { data } = await service.ask<{ data: Key[] }>('GET', `/v1/signing-keys?${query.toString()}`)
  return data.find((key) => key.kind === 'passphrase') ?? data[0]
}

const toBrowser = ({ origin }: Caller, { ref }: Wish): Refused =>
  new Refused({
    title: `nothing is signed yet: a passkey needs a browser, go on at ${origin}/sign/${encodeURIComponent(ref)}`,
    code: 'browser_needed',
    address: `${origin}/sign/${encodeURIComponent(ref)}`,
  })

const toJson = (answer: unknown): string => `${JSON.stringify(answer, null, 2)}\n`

const printPending = (pending: Pending): string =>
  pending.data.length === 0 ? 'nothing waits for your signature\n' : printAnswer(pending)

function printSigned({ signature, work_order: after }: Signed, { work_order: before }: Statement): string {
  const { signer, on_behalf_of: whom, role, meaning, signed_at_local: at, version } = signature
  const behalf = whom === null ? '' : `, for ${whom},`
  const said = `Signed by ${signer}${behalf} as ${toRoleText(role)}, meaning ${meaning}, at ${at}, for version ${version}.`
  const outcome =
    after.status === before.status
      ? `is still ${after.status}: other signatures are missing`
      : `is now ${after.status}`
  return `${said}\n${after.number} ${outcome}.\n`
}

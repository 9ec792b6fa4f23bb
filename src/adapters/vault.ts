/**
 * Secrets of HashiCorp Vault or OpenBao, from the KV engine of version 2 over its HTTP API. Whatever the vault answers
 * becomes a value with a cause; tokens and secrets are in no message.
 * https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 and /auth/approle
 */
import type { CredentialRef } from '#domain/credential-ref.ts'
import { Unavailable } from '#platform/error.ts'
import type { SecretAnswer } from '#platform/secret.ts'
import { exchange } from './exchange.ts'
import type { Answer } from './exchange.ts'

const timeoutMs = 3000
const mostBytes = 64 * 1024

export type VaultSettings = {
  /** Such as https://vault.lab:8200. */
  readonly address: string
  readonly namespace?: string | undefined
  /** A token that somebody else renews, or a role to log in with. */
  readonly auth:
    | { readonly token: string }
    | { readonly roleId: string; readonly secretId: string; readonly mount?: string }
}
type VaultRef = Extract<CredentialRef, { store: 'vault' }>
export type Vault = (ref: VaultRef) => Promise<SecretAnswer>

type Failed = Extract<SecretAnswer, { ok: false }>
type Token = { readonly text: string; readonly until: number }

const fail = (cause: Failed['cause'], says: string): Failed => ({ ok: false, cause, says })
const isFailed = (value: Token | Answer | Failed): value is Failed => 'ok' in value

type Ask = (method: 'GET' | 'POST', path: string, token?: string, body?: object) => Promise<Answer | Failed>

function openAsk(address: string, namespace: string | undefined): Ask {
  const base = address.replace(/\/+$/, '')
  return async (method, path, token, body) => {
    const headers = {
      'x-vault-request': 'true',
      ...(token === undefined ? {} : { 'x-vault-token': token }),
      ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const content = body === undefined ? {} : { body: JSON.stringify(body) }
    const request = { method, url: `${base}/v1/${path}`, headers, ...content, timeoutMs, mostBytes }
    try {
      return toCommon(await exchange(request))
    } catch (error) {
      if (error instanceof Unavailable)
        return fail('unreachable', `the vault cannot be reached: ${error.message}`)
      throw error
    }
  }
}

/** One login serves everybody until shortly before its lease is over. */
export function openVault({ address, namespace, auth }: VaultSettings): Vault {
  const ask = openAsk(address, namespace)
  let login: Promise<Token | Failed> | undefined

  async function logIn(): Promise<Token | Failed> {
    if ('token' in auth) return { text: auth.token, until: Infinity }
    const { roleId, secretId, mount = 'approle' } = auth
    const answer = await ask('POST', `auth/${mount}/login`, undefined, {
      role_id: roleId,
      secret_id: secretId,
    })
    if (isFailed(answer)) return answer
    if (answer.status !== 200)
      return fail(
        'denied',
        `the vault does not take the role id and secret id of the service (${answer.status})`,
      )
    const { auth: given } = toJson(answer) as { auth?: { client_token?: unknown; lease_duration?: unknown } }
    if (typeof given?.client_token !== 'string') return fail('broken', 'the vault gave no token at the login')
    const seconds = typeof given.lease_duration === 'number' ? given.lease_duration : 0
    // 0 is a token without an end; otherwise it is not used in the last tenth of its time.
    return { text: given.client_token, until: seconds === 0 ? Infinity : Date.now() + seconds * 900 }
  }

  /** The token that stands, or a new one; `tried` is one that the vault did not take. */
  async function findToken(tried?: Token): Promise<Token | Failed> {
    while (login !== undefined) {
      const current = login
      const standing = await current
      if (!isFailed(standing) && standing !== tried && standing.until > Date.now()) return standing
      // Unless somebody else has logged in meanwhile, it is for this one to do.
      if (login === current) login = undefined
    }
    login = logIn()
    return login
  }

  const readWith = (token: Token, { mount, path }: VaultRef): Promise<Answer | Failed> =>
    ask('GET', `${mount}/data/${path}`, token.text)

  /** A token that may not even look at itself is no longer one. */
  async function explainDenied(token: Token): Promise<Failed> {
    const self = await ask('GET', 'auth/token/lookup-self', token.text)
    if (isFailed(self)) return self
    return self.status === 200
      ? fail('denied', 'the token of the service may not read this path: its policy is missing in the vault')
      : fail('token_expired', 'the token of the service has expired or was revoked: give it a new one')
  }

  return async (ref) => {
    const token = await findToken()
    if (isFailed(token)) return token
    const answer = await readWith(token, ref)
    if (isFailed(answer) || answer.status !== 403) return toSecret(ref, answer)
    if ('token' in auth) return explainDenied(token)
    const fresh = await findToken(token)
    if (isFailed(fresh)) return fresh
    const again = await readWith(fresh, ref)
    return !isFailed(again) && again.status === 403 ? explainDenied(fresh) : toSecret(ref, again)
  }
}

/** What every path of the vault may answer. */
function toCommon(answer: Answer): Answer | Failed {
  const { status } = answer
  if (status === 503) return fail('sealed', 'the vault is sealed: whoever keeps its keys must unseal it')
  if (status === 501) return fail('sealed', 'the vault is not initialised')
  if (status === 429 || status === 472 || status === 473)
    return fail('busy', 'the vault is busy, or on standby without an active node')
  if (status >= 500) return fail('broken', `the vault answers ${status}`)
  return answer
}

function toSecret({ field }: VaultRef, answer: Answer | Failed): SecretAnswer {
  if (isFailed(answer)) return answer
  const { data } = toJson(answer) as {
    data?: {
      data?: unknown
      metadata?: { version?: unknown; deletion_time?: unknown; destroyed?: unknown }
    } | null
  }
  const { metadata } = data ?? {}
  if (answer.status === 404)
    return metadata?.destroyed === true ||
      (typeof metadata?.deletion_time === 'string' && metadata.deletion_time !== '')
      ? fail('deleted', 'the secret was deleted in the vault')
      : fail('path_missing', 'there is no secret at this path of the vault')
  if (answer.status !== 200 || typeof data?.data !== 'object' || data.data === null)
    return fail('broken', `the vault does not answer as a KV engine of version 2 does (${answer.status})`)
  const values = Object.fromEntries(
    Object.entries(data.data)
      .filter(([name]) => field === null || name === field)
      .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
  if (field !== null && values[field] === undefined)
    return fail('field_missing', 'the secret has no field of this name')
  const version = metadata?.version
  return { ok: true, values, version: typeof version === 'number' ? version : null }
}

/** An object, whatever came: what is not JSON has no members. */
function toJson({ body }: Answer): object {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

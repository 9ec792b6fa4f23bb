/**
 * A vault for tests: the KV engine of version 2 and AppRole over the documented HTTP API of HashiCorp Vault and OpenBao,
 * with what goes wrong there: sealed, on standby, tokens that end, paths that are not there, versions that were deleted.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Secret = { readonly data: object; version: number; deletedAt?: string; destroyed?: boolean }
export type VaultServer = {
  readonly url: string
  readonly roleId: string
  readonly secretId: string
  /** Answers so from now on. */
  state: 'open' | 'sealed' | 'standby' | 'broken' | 'silent' | 'strange'
  /** Of the tokens that it gives. */
  leaseSeconds: number
  readonly secrets: Map<string, Secret>
  /** Every request, as `GET kv/data/x`. */
  readonly asked: string[]
  /** Every token that was given, and that of the root. */
  readonly tokens: Set<string>
  revokeAll(): void
  close(): Promise<void>
}

/** `mayRead` says which paths the tokens are for. */
export async function openVaultServer(mayRead: (path: string) => boolean = () => true): Promise<VaultServer> {
  const valid = new Map<string, number>()
  const vault = {
    roleId: 'role-of-docket',
    secretId: randomBytes(16).toString('hex'),
    state: 'open' as VaultServer['state'],
    leaseSeconds: 3600,
    secrets: new Map<string, Secret>(),
    asked: [] as string[],
    tokens: new Set<string>(),
    revokeAll: () => valid.clear(),
  }
  const give = (): object => {
    const client_token = `hvs.${randomBytes(24).toString('base64url')}`
    valid.set(client_token, Date.now() + vault.leaseSeconds * 1000)
    vault.tokens.add(client_token)
    return { auth: { client_token, lease_duration: vault.leaseSeconds, renewable: true } }
  }
  const answer = (
    path: string,
    token: string,
    body: { role_id?: string; secret_id?: string },
  ): [number, object] => {
    if (vault.state === 'sealed') return [503, { errors: ['Vault is sealed'] }]
    if (vault.state === 'standby') return [429, { errors: [] }]
    if (vault.state === 'broken') return [500, { errors: ['1 error occurred: internal error'] }]
    if (vault.state === 'strange') return [200, { hello: 'I am another program' }]
    if (path === 'auth/approle/login')
      return body.role_id === vault.roleId && body.secret_id === vault.secretId
        ? [200, give()]
        : [400, { errors: ['invalid role or secret ID'] }]
    if ((valid.get(token) ?? 0) < Date.now()) return [403, { errors: ['permission denied'] }]
    if (path === 'auth/token/lookup-self') return [200, { data: { ttl: vault.leaseSeconds } }]
    if (!mayRead(path)) return [403, { errors: ['1 error occurred:\n\t* permission denied\n\n'] }]
    const secret = vault.secrets.get(path)
    if (secret === undefined) return [404, { errors: [] }]
    const { data, version, deletedAt = '', destroyed = false } = secret
    const metadata = { version, deletion_time: deletedAt, destroyed, created_time: '2026-11-21T00:00:00Z' }
    return deletedAt !== '' || destroyed
      ? [404, { data: { data: null, metadata } }]
      : [200, { data: { data, metadata } }]
  }
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '').replace(/^\/v1\//, '')
    vault.asked.push(`${request.method} ${path}`)
    let text = ''
    for await (const piece of request) text += String(piece)
    if (vault.state === 'silent') return
    const [status, body] = answer(
      path,
      String(request.headers['x-vault-token'] ?? ''),
      text === '' ? {} : (JSON.parse(text) as object),
    )
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(vault, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

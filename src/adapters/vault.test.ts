/** The vault over HTTP: what it gives, everything that can go wrong, and that each of it passes again. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { parseCredentialRef } from '#domain/credential-ref.ts'
import type { SecretAnswer } from '#platform/secret.ts'
import { table } from '#test/table.ts'
import { openVaultServer } from '#test/vault-server.ts'
import type { VaultServer } from '#test/vault-server.ts'
import { openVault } from './vault.ts'
import type { Vault } from './vault.ts'

const secret = 'not-to-be-seen-anywhere'
let server: VaultServer
before(async () => {
  server = await openVaultServer((path) => !path.includes('forbidden'))
})
after(() => server.close())
beforeEach(() => {
  server.state = 'open'
  server.leaseSeconds = 3600
  server.asked.length = 0
  server.secrets.clear()
  server.secrets.set('kv/data/lab/hplc', {
    data: { user: 'robot', password: secret, port: 8443 },
    version: 7,
  })
})

const open = (): Vault =>
  openVault({ address: `${server.url}/`, auth: { roleId: server.roleId, secretId: server.secretId } })
function read(vault: Vault, text: string): Promise<SecretAnswer> {
  const ref = parseCredentialRef(text)
  assert.ok(ref?.store === 'vault', text)
  return vault(ref)
}
const causeOf = async (vault: Vault, text = 'vault://kv/lab/hplc'): Promise<string> => {
  const answer = await read(vault, text)
  const said = JSON.stringify(answer)
  if (!answer.ok) {
    assert.ok(!said.includes(secret) && !said.includes(server.secretId), said)
    for (const token of server.tokens) assert.ok(!said.includes(token), said)
  }
  return answer.ok ? 'ok' : answer.cause
}

test('R-CRD-1 a field, or all fields of a secret, with the version that was read', async () => {
  const vault = open()
  assert.deepEqual(await read(vault, 'vault://kv/lab/hplc#password'), {
    ok: true,
    values: { password: secret },
    version: 7,
  })
  assert.deepEqual(await read(vault, 'vault://kv/lab/hplc'), {
    ok: true,
    values: { user: 'robot', password: secret, port: '8443' },
    version: 7,
  })
  assert.equal(server.asked.filter((line) => line.endsWith('login')).length, 1, 'one login serves both')
})

test('R-CRD-2 each way in which it fails has its cause, and passes again', async (t) => {
  const states = table`
    state   | cause
    sealed  | sealed
    standby | busy
    broken  | broken
    strange | broken
    silent  | unreachable
  `
  for (const { state = '', cause = '' } of states)
    await t.test(state, async () => {
      const vault = open()
      server.state = state as VaultServer['state']
      assert.equal(await causeOf(vault), cause)
      server.state = 'open'
      assert.equal(await causeOf(vault), 'ok', 'and then it is open again')
      server.state = state as VaultServer['state']
      assert.equal(await causeOf(vault), cause, 'with a token that was good')
    })
})

test('R-CRD-3 what is missing, deleted or not for this service is told apart', async () => {
  const vault = open()
  assert.equal(await causeOf(vault, 'vault://kv/lab/hplc#pin'), 'field_missing')
  assert.equal(await causeOf(vault, 'vault://kv/lab/balance'), 'path_missing')
  server.secrets.set('kv/data/lab/balance', { data: { pin: '1' }, version: 1 })
  assert.equal(await causeOf(vault, 'vault://kv/lab/balance'), 'ok')
  server.secrets.set('kv/data/lab/balance', { data: {}, version: 2, deletedAt: '2026-11-20T00:00:00Z' })
  assert.equal(await causeOf(vault, 'vault://kv/lab/balance'), 'deleted')
  server.secrets.set('kv/data/lab/balance', { data: {}, version: 2, destroyed: true })
  assert.equal(await causeOf(vault, 'vault://kv/lab/balance'), 'deleted')
  assert.equal(await causeOf(vault, 'vault://kv/forbidden/x'), 'denied')
})

test('R-CRD-4 a token that ended is replaced by a new login; one that was given is reported', async () => {
  const vault = open()
  assert.equal(await causeOf(vault), 'ok')
  server.revokeAll()
  assert.equal(await causeOf(vault), 'ok', 'a new login')
  server.leaseSeconds = 0.001
  server.revokeAll()
  const [token = ''] = server.tokens
  const given = openVault({ address: server.url, auth: { token } })
  assert.equal(await causeOf(given), 'token_expired')
  const wrong = openVault({ address: server.url, auth: { roleId: server.roleId, secretId: 'wrong' } })
  assert.equal(await causeOf(wrong), 'denied')
  const nobody = openVault({ address: 'http://127.0.0.1:9', auth: { token } })
  assert.equal(await causeOf(nobody), 'unreachable')
})

test('R-CRD-5 many at once log in once', async () => {
  const vault = open()
  const answers = await Promise.all(Array.from({ length: 20 }, () => causeOf(vault)))
  assert.deepEqual(new Set(answers), new Set(['ok']))
  assert.equal(server.asked.filter((line) => line.endsWith('login')).length, 1)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '#test/table.ts'
import { readConfig, readRelyingParty } from './config.ts'
import { SetupProblem } from './error.ts'

test('R-KEY-16 passkeys are bound to an origin with a name, over https or on localhost', () => {
  const rows = table`
    DOCKET_ORIGIN                   | bound to
    https://docket.example.com      | docket.example.com
    https://docket.example.com:8443 | docket.example.com
    http://localhost:8080           | localhost
    http://docket.example.com       | -
    https://docket.example.com/     | -
    https://docket.example.com/app  | -
    https://Docket.example.com      | -
    https://10.0.0.7                | -
    http://127.0.0.1:3000           | -
    https://[::1]:3000              | -
    docket.example.com              | -
    javascript:alert(1)             | -
  `
  const bound = rows.map(({ DOCKET_ORIGIN = '' }) => {
    try {
      const { id, origins } = readRelyingParty(readConfig({ DOCKET_ORIGIN }))
      assert.deepEqual(origins, [DOCKET_ORIGIN])
      return { DOCKET_ORIGIN, 'bound to': id }
    } catch (error) {
      assert.ok(error instanceof SetupProblem && /DOCKET_ORIGIN must be an origin/.test(error.message))
      return { DOCKET_ORIGIN, 'bound to': '-' }
    }
  })
  assert.deepEqual(bound, rows)
  assert.deepEqual(readRelyingParty(readConfig({ PORT: '4711' })).origins, ['http://localhost:4711'])
})

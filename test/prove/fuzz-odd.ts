/** Addresses and methods that nobody meant, and the few endpoints of the account library. */
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { headerFault } from './fuzz-fault.ts'
import { nasty } from './fuzz-nasty.ts'
import { basics, sender, some, toRequest } from './fuzz-request.ts'
import type { Shot } from './fuzz-request.ts'

const oddPaths = [
  '/',
  '//',
  '/v1',
  '/v1/',
  '/v1/nothing',
  '/v1/work-orders//',
  '/v1/work-orders/%00',
  '/v1/work-orders/%zz',
  '/v1/work-orders/%',
  '/v1/work-orders/%E0%A4%A',
  '/v1/work-orders/%c0%ae%c0%ae/history',
  '/v1/work-orders/..%2f..%2fetc%2fpasswd',
  '/v1/work-orders/../../etc/passwd',
  `/v1/work-orders/${'a'.repeat(301)}`,
  `/v1/work-orders/${'a'.repeat(5000)}`,
  `/v1/work-orders?q=${'a'.repeat(15_000)}`,
  `/${'a/'.repeat(4000)}`,
  '/v1/work-orders?',
  '/v1/work-orders?&&&=',
  '/v1/work-orders?=x',
  '/v1/work-orders?limit',
  '/v1/work-orders?limit=1&limit=2',
  '/v1/work-orders?status[]=draft',
  '/v1/work-orders?status[a][b]=c',
  '/v1/work-orders?__proto__[x]=1',
  '/v1/work-orders?q=%FF%FE',
  '/v1/work-orders?q=%',
  '/v1/work-orders?q=%ed%a0%80',
  '/v1/work-orders?q=\u00ff\u00fe',
  '/v1/work-orders#x',
  '/v1/events?cursor=%00',
  '/v1/events?cursor=0-0',
  '/docs/../../package.json',
  '/docs/%2e%2e/%2e%2e/package.json',
  '/docs/x',
  '/openapi.json?x=1',
  '/healthz?x',
  '/readyz/',
  '/mcp',
  '/mcp/',
  '/auth/sign-up/email',
  '/auth/get-session',
  '/auth/ok',
  '/auth/error',
  '/auth/../v1/me',
  '/.git/config',
  '/favicon.ico',
  '*',
  'http://other.example/v1/me',
  '/v1/me\t',
  '/v1/me?\u00a0',
]
export const odd: Arbitrary<Shot> = fc
  .record({
    principal: sender,
    path: fc.constantFrom(...oddPaths),
    method: fc.constantFrom(
      'GET',
      'GET',
      'GET',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'HEAD',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
      'CONNECT',
      'get',
      'X',
    ),
    headers: some(headerFault, 2, 0.4),
  })
  .map(({ principal, path, method, headers }): Shot => ({
    about: 'odd path',
    operation: undefined,
    principal,
    isWhole: method !== 'CONNECT',
    isMcp: path.startsWith('/mcp'),
    toBytes: (fill) =>
      toRequest({
        method,
        path,
        headers: [...basics(fill), ...headers],
        body: undefined,
        spoilLine: undefined,
      }),
  }))

const accountPaths = ['/auth/sign-in/email', '/auth/sign-out', '/auth/change-password', '/auth/get-session']
export const accounts: Arbitrary<Shot> = fc
  .record({
    principal: sender,
    path: fc.constantFrom(...accountPaths),
    body: fc.dictionary(fc.constantFrom('email', 'password', 'x'), nasty),
    headers: some(headerFault, 2, 0.3),
  })
  .map(({ principal, path, body, headers }): Shot => ({
    about: `account ${path}`,
    operation: undefined,
    principal,
    isWhole: true,
    isMcp: false,
    toBytes: (fill) =>
      toRequest({
        method: path.endsWith('get-session') ? 'GET' : 'POST',
        path,
        headers: [...basics(fill), ['content-type', 'application/json'], ...headers],
        body: path.endsWith('get-session') ? undefined : Buffer.from(JSON.stringify(body)),
        spoilLine: undefined,
      }),
  }))

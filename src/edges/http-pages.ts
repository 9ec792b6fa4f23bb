/**
 * The pages on which people sign: /sign, /sign/<work order>, /keys; /assets/<tag>, where its QR code leads; and / that leads
 * to them and to the API. They are the files of `pages/` as they stand, and hold no rule and no data: everything comes from
 * the API, as the person who is signed in.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const folder = new URL('pages/', import.meta.url)
/** The library that talks to authenticators, in its form for browsers. */
const webauthn = new URL('../dist/bundle/index.umd.min.js', import.meta.resolve('@simplewebauthn/browser'))

const script = 'text/javascript; charset=utf-8'
/** Every file there is, by its name below /pages. */
const files: { readonly [name: string]: readonly [file: URL, type: string] } = {
  'style.css': [new URL('style.css', folder), 'text/css; charset=utf-8'],
  'icon.svg': [new URL('icon.svg', folder), 'image/svg+xml'],
  'webauthn.js': [webauthn, script],
  ...Object.fromEntries(
    ['api', 'asset', 'dom', 'frame', 'keys', 'record', 'sign', 'statement'].map((name) => [
      `${name}.js`,
      [new URL(`${name}.js`, folder), script] as const,
    ]),
  ),
}

/** Nothing inline, nothing from elsewhere, in nobody's frame; and no script can make markup out of text. */
const policy = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src 'self'`,
  `connect-src 'self'`,
  `form-action 'self'`,
  `base-uri 'none'`,
  `frame-ancestors 'none'`,
  `require-trusted-types-for 'script'`,
  `trusted-types 'none'`,
].join('; ')

const headers = {
  'content-security-policy': policy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'publickey-credentials-create=(self), publickey-credentials-get=(self)',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const

/** `origin` is where browsers reach the service; passkeys work nowhere else. */
export function mountPages(app: FastifyInstance, origin: string): void {
  const shell = readFileSync(new URL('shell.html', folder), 'utf8')
  const toPage = (title: string, name: string): string =>
    shell.replaceAll('{{title}}', title).replaceAll('{{script}}', name).replaceAll('{{origin}}', origin)
  const sign = toPage('Sign', 'sign')
  const keys = toPage('Signing keys', 'keys')
  for (const [url, page] of [
    ['/', readFileSync(new URL('home.html', folder), 'utf8')],
    ['/sign', sign],
    ['/sign/:ref', sign],
    ['/keys', keys],
    ['/assets/:tag', toPage('Asset', 'asset')],
  ] as const)
    app.get(url, (_request, reply) =>
      reply
        .headers({ ...headers, 'cache-control': 'no-store' })
        .type('text/html; charset=utf-8')
        .send(page),
    )
  for (const [name, [file, type]] of Object.entries(files)) {
    const bytes = readFileSync(fileURLToPath(file))
    const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`
    app.get(`/pages/${name}`, (request, reply) => sendFile(request, reply, { bytes, etag, type }))
  }
}

/** Asked for each time, sent only when it is another one. */
function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { bytes, etag, type }: { readonly bytes: Buffer; readonly etag: string; readonly type: string },
): FastifyReply {
  reply.headers({ ...headers, 'cache-control': 'no-cache', etag })
  return request.headers['if-none-match'] === etag ? reply.code(304).send() : reply.type(type).send(bytes)
}

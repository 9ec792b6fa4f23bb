/** A gateway in front of the service: it signs tokens, and its keys are had from a file or a URL. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWTPayload } from 'jose'
import type { Fixture, Json } from '../fixture.ts'
import { openReplica } from './replica.ts'
import type { Replica } from './replica.ts'

export const issuer = 'https://gateway.example'

export type Signer = { readonly privateKey: CryptoKey; readonly jwk: Json }

export async function makeSigner(kid: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA')
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' } }
}

export const epoch = (): number => Math.floor(Date.now() / 1000)

export const goodClaims = (): JWTPayload => ({
  iss: issuer,
  aud: 'docket',
  sub: 'Lee Lab',
  docket_tenant: 'acme-bio',
  exp: epoch() + 300,
})

export const signToken = (claims: JWTPayload, by: Signer, kid = 'k1'): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid }).sign(by.privateKey)

/** A replica that takes the tokens of whoever has these keys. */
export const openGatewayed = (fixture: Fixture, jwks: string): Promise<Replica> =>
  openReplica(fixture, { DOCKET_JWT_JWKS: jwks, DOCKET_JWT_ISSUER: issuer })

export type Listening = { readonly url: string; close(): void }

export async function listen(answer: RequestListener): Promise<Listening> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/jwks.json`, close: () => void server.close() }
}

export type Gateway = {
  readonly signer: Signer
  /** URLs of two replicas: one reads the keys from a file, one asks for them. */
  readonly byFile: string
  readonly byUrl: string
  close(): Promise<void>
}

export async function openGateway(fixture: Fixture): Promise<Gateway> {
  const signer = await makeSigner('k1')
  const folder = mkdtempSync(join(tmpdir(), 'docket-jwks-'))
  const path = join(folder, 'jwks.json')
  const keys = JSON.stringify({ keys: [signer.jwk] })
  writeFileSync(path, keys)
  const server = await listen((_request, response) => {
    response.setHeader('content-type', 'application/json').end(keys)
  })
  const [byFile, byUrl] = await Promise.all([
    openGatewayed(fixture, path),
    openGatewayed(fixture, server.url),
  ])
  return {
    signer,
    byFile: byFile.url,
    byUrl: byUrl.url,
    async close() {
      await Promise.all([byFile.close(), byUrl.close()])
      server.close()
      rmSync(folder, { recursive: true })
    },
  }
}

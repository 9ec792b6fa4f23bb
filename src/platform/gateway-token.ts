/**
 * Tokens of a gateway in front of Docket: a JWT that names the tenant's slug (`docket_tenant`) and the
 * principal (`sub`, its id or its name). The gateway's keys come from a JWKS, by URL or from a file.
 */
import { readFileSync } from 'node:fs'
import { createLocalJWKSet, createRemoteJWKSet, errors, jwtVerify } from 'jose'
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import type { PrincipalRef } from './accounts.ts'
import type { Config } from './config.ts'
import { SetupProblem, Unavailable } from './error.ts'

export type GatewayTokens = { verify(token: string): Promise<PrincipalRef | undefined> }

export function openGatewayTokens(
  config: Config,
  findPrincipal: (slug: string, subject: string) => Promise<PrincipalRef | undefined>,
): GatewayTokens | undefined {
  if (config.DOCKET_JWT_JWKS === undefined || config.DOCKET_JWT_ISSUER === undefined) return undefined
  const keys = readKeys(config.DOCKET_JWT_JWKS)
  const options = {
    issuer: config.DOCKET_JWT_ISSUER,
    audience: config.DOCKET_JWT_AUDIENCE,
    requiredClaims: ['exp', 'sub', 'docket_tenant'],
  }
  return {
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, keys, options)
        const slug = payload['docket_tenant']
        if (typeof slug !== 'string' || payload.sub === undefined) return undefined
        return await findPrincipal(slug, payload.sub)
      } catch (error) {
        if (error instanceof errors.JWKSTimeout)
          throw new Unavailable('the gateway that signs tokens cannot be reached', { cause: error })
        if (error instanceof errors.JOSEError) return undefined
        throw error
      }
    },
  }
}

function readKeys(where: string): JWTVerifyGetKey {
  if (/^https?:\/\//.test(where)) return createRemoteJWKSet(new URL(where))
  try {
    return createLocalJWKSet(JSON.parse(readFileSync(where, 'utf8')) as JSONWebKeySet)
  } catch (cause) {
    throw new SetupProblem(
      `DOCKET_JWT_JWKS names "${where}", which is not a readable JWK set: give a file of {"keys": […]} or an https URL.`,
      { cause },
    )
  }
}

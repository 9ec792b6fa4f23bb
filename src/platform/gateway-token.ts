/**
 * Tokens of a gateway in front of Docket: a JWT that names the tenant's slug (`docket_tenant`) and the
 * principal (`sub`, its id or its name). The gateway's keys come from a JWKS, by URL or from a file.
 */
import { readFileSync } from 'node:fs'
import { createLocalJWKSet, createRemoteJWKSet, errors, jwtVerify } from 'jose'
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
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
      const payload = await readToken(token, keys, options)
      const slug = payload?.['docket_tenant']
      if (typeof slug !== 'string' || payload?.sub === undefined) return undefined
      return findPrincipal(slug, payload.sub)
    },
  }
}

/** What a good token says; undefined when it is not good. Keys that cannot be had say nothing about the token. */
async function readToken(
  token: string,
  keys: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTPayload | undefined> {
  try {
    return (await jwtVerify(token, keys, options)).payload
  } catch (error) {
    const isAboutToken = error instanceof errors.JOSEError && !isAboutKeys(error)
    if (isAboutToken) return undefined
    throw new Unavailable('the gateway that signs tokens cannot be reached', { cause: error })
  }
}

const isAboutKeys = (error: InstanceType<typeof errors.JOSEError>): boolean =>
  error instanceof errors.JWKSTimeout ||
  error instanceof errors.JWKSInvalid ||
  error.code === errors.JOSEError.code

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

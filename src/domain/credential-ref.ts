/**
 * Where a secret is, never what it is: `vault://MOUNT/PATH[#FIELD]` (KV version 2),
 * `gcp-sm://projects/P/secrets/S[/versions/V]`, or `env://DOCKET_CREDENTIAL_NAME` for development.
 */
export type CredentialRef =
  | { readonly store: 'vault'; readonly mount: string; readonly path: string; readonly field: string | null }
  | { readonly store: 'gcp-sm'; readonly name: string }
  | { readonly store: 'env'; readonly name: string }

const segment = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/
/** A prefix of their own: a plan cannot read the settings of the service. */
const variable = /^DOCKET_CREDENTIAL_[A-Z0-9_]{1,80}$/

/** Undefined when the text is no reference; `explainCredentialRef` says why. */
export function parseCredentialRef(text: string): CredentialRef | undefined {
  const [, store, rest = ''] = /^(vault|gcp-sm|env):\/\/(.{1,900})$/s.exec(text) ?? []
  if (store === 'env') return variable.test(rest) ? { store, name: rest } : undefined
  const [place = '', field, ...more] = rest.split('#')
  const parts = place.split('/')
  if (more.length > 0 || !parts.every((part) => segment.test(part))) return undefined
  if (field !== undefined && !segment.test(field)) return undefined
  if (store === 'vault') {
    const [mount = '', ...path] = parts
    return path.length === 0 ? undefined : { store, mount, path: path.join('/'), field: field ?? null }
  }
  const isSecret = parts[0] === 'projects' && parts[2] === 'secrets'
  const isWhole = parts.length === 4 || (parts.length === 6 && parts[4] === 'versions')
  return store === 'gcp-sm' && field === undefined && isSecret && isWhole ? { store, name: place } : undefined
}

/** What a reference looks like, where the text is none; undefined where it is one. Never repeats the text. */
export const explainCredentialRef = (text: string): string | undefined =>
  parseCredentialRef(text) === undefined
    ? 'is no reference to a secret: vault://MOUNT/PATH#FIELD, gcp-sm://projects/P/secrets/S or env://DOCKET_CREDENTIAL_NAME'
    : undefined

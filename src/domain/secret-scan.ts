/**
 * Does a value hold a secret? Every write is looked at before anything else is done with it. What is found is named by
 * its path and its kind; the secret itself, or any part of it, is never given back.
 */

export type FoundSecret = { readonly path: string; readonly kind: string }

/**
 * Formats as their makers document them. The lookbehind keeps a token from being found inside a longer word; each
 * pattern is bounded, so that no text makes it slow.
 */
const formats: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['private_key', /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/],
  ['putty_private_key', /PuTTY-User-Key-File-\d:/],
  ['age_secret_key', /AGE-SECRET-KEY-1[A-Z0-9]{40}/],
  ['nats_seed', /(?<![A-Z0-9])S[UANOC][A-Z2-7]{56}(?![A-Z0-9])/],
  ['aws_access_key', /(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Z0-9])/],
  ['aws_secret_key', /aws[^\n]{0,30}(?:secret|key)[^\n]{0,10}[=:"'\s][A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/i],
  ['azure_storage_key', /AccountKey=[A-Za-z0-9+/]{40}/i],
  ['azure_sas', /[?&]sig=[A-Za-z0-9%+/]{40}/],
  ['azure_client_secret', /(?<![A-Za-z0-9])[A-Za-z0-9_.~-]{3}\dQ~[A-Za-z0-9_.~-]{31}/],
  ['google_api_key', /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}/],
  ['google_oauth_secret', /GOCSPX-[A-Za-z0-9_-]{20}/],
  ['google_access_token', /(?<![A-Za-z0-9])ya29\.[A-Za-z0-9_-]{20}/],
  ['google_service_account', /"private_key_id"\s{0,3}:\s{0,3}"[a-f0-9]{40}"/],
  ['digitalocean_token', /do[opr]_v1_[a-f0-9]{64}/],
  ['cloudflare_origin_key', /v1\.0-[a-f0-9]{24}-[a-f0-9]{40}/],
  ['heroku_key', /HRKU-[A-Za-z0-9_-]{30}/],
  ['github_token', /(?<![A-Za-z0-9])gh[opsur]_[A-Za-z0-9]{36}/],
  ['github_fine_grained_token', /github_pat_[A-Za-z0-9_]{50}/],
  ['gitlab_token', /(?<![A-Za-z0-9])gl(?:pat|dt|rt|ptt|ft|imt|agent|oas|cbt|soat)-[A-Za-z0-9_-]{20}/],
  ['atlassian_token', /AT[AC]TT3[A-Za-z0-9_=-]{40}/],
  ['npm_token', /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}/],
  ['pypi_token', /pypi-AgE[A-Za-z0-9_-]{50}/],
  ['rubygems_key', /rubygems_[a-f0-9]{48}/],
  ['nuget_key', /(?<![A-Za-z0-9])oy2[a-z0-9]{43}(?![A-Za-z0-9])/],
  ['docker_token', /dckr_(?:pat|oat)_[A-Za-z0-9_-]{20}/],
  ['docker_auth', /"auth"\s{0,3}:\s{0,3}"[A-Za-z0-9+/=]{16}/],
  ['terraform_token', /\.atlasv1\.[A-Za-z0-9_=-]{60}/],
  ['pulumi_token', /(?<![A-Za-z0-9])pul-[a-f0-9]{40}/],
  ['doppler_token', /(?<![A-Za-z0-9])dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{40}/],
  ['vault_token', /(?<![A-Za-z0-9])(?:hv[sbr]\.[A-Za-z0-9_-]{20}|s\.[A-Za-z0-9]{24}(?![A-Za-z0-9]))/],
  ['fly_token', /(?<![A-Za-z0-9])(?:fo1_[A-Za-z0-9_-]{40}|fm[12][ar]?_[A-Za-z0-9+/=]{40})/],
  ['tailscale_key', /tskey-(?:auth|api|client)-[A-Za-z0-9-]{10}/],
  ['supabase_token', /(?<![A-Za-z0-9])sbp_[a-f0-9]{40}/],
  ['planetscale_token', /pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{30}/],
  ['databricks_token', /(?<![A-Za-z0-9])dapi[a-f0-9]{32}/],
  ['slack_token', /(?<![A-Za-z0-9])(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10}/],
  ['slack_webhook', /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/]{20}/],
  ['discord_webhook', /discord(?:app)?\.com\/api\/webhooks\/\d{5,25}\/[A-Za-z0-9_-]{20}/],
  ['discord_token', /(?<![A-Za-z0-9])[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27}/],
  ['telegram_token', /(?<![A-Za-z0-9])\d{8,10}:AA[A-Za-z0-9_-]{33}/],
  ['twilio_key', /(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])/],
  ['sendgrid_key', /(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16}/],
  ['mailgun_key', /(?<![A-Za-z0-9])key-[0-9a-f]{32}/],
  ['mailchimp_key', /(?<![A-Za-z0-9])[0-9a-f]{32}-us\d{1,2}(?![A-Za-z0-9])/],
  ['stripe_key', /(?<![A-Za-z0-9])(?:(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16}|whsec_[A-Za-z0-9+/=]{24})/],
  ['square_token', /(?<![A-Za-z0-9])sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22}/],
  ['shopify_token', /(?<![A-Za-z0-9])shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}/],
  ['anthropic_key', /(?<![A-Za-z0-9])sk-ant-[A-Za-z0-9_-]{20}/],
  ['openai_key', /(?<![A-Za-z0-9])sk-(?!ant-)(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20}/],
  ['huggingface_token', /(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30}/],
  ['groq_key', /(?<![A-Za-z0-9])gsk_[A-Za-z0-9]{40}/],
  ['replicate_token', /(?<![A-Za-z0-9])r8_[A-Za-z0-9]{37}/],
  ['linear_key', /lin_(?:api|oauth)_[A-Za-z0-9]{30}/],
  ['notion_token', /(?<![A-Za-z0-9])(?:ntn_[A-Za-z0-9]{40}|secret_[A-Za-z0-9]{43})/],
  ['airtable_token', /(?<![A-Za-z0-9])pat[A-Za-z0-9]{14}\.[a-f0-9]{64}/],
  ['figma_token', /figd_[A-Za-z0-9_-]{40}/],
  ['postman_key', /PMAK-[a-f0-9]{24}-[a-f0-9]{34}/],
  ['newrelic_key', /NRAK-[A-Z0-9]{27}/],
  ['grafana_token', /(?<![A-Za-z0-9])glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}/],
  ['sentry_token', /(?<![A-Za-z0-9])(?:sntrys_eyJ[A-Za-z0-9+/=_-]{20}|sntryu_[a-f0-9]{64})/],
  ['sonar_token', /(?<![A-Za-z0-9])sq[apu]_[a-f0-9]{40}/],
  ['docket_key', /(?<![A-Za-z0-9])dk_[A-Za-z0-9]{40}/],
  // Header and payload of a JWT (RFC 7519), or a JWE (RFC 7516), begin with {" in base64url.
  ['json_web_token', /(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8}/],
  [
    'authorization_header',
    /(?<![A-Za-z0-9])(?:basic|bearer)\s{1,3}(?=[A-Za-z+/._~-]{0,400}[\d=])[A-Za-z0-9+/._~=-]{16}/i,
  ],
  ['netrc', /\blogin\s{1,9}\S{1,100}\s{1,9}password\s{1,9}\S/i],
]

/** Scheme, name, password and host (RFC 3986 section 3.2.1). */
const url = /(?<![A-Za-z0-9])[a-z][a-z0-9+.-]{1,30}:\/\/[^\s:@/?#]{0,200}:([^\s@/]{1,200})@[^\s@]/gi

/** A name that promises a secret, and what it is set to. `=` without a space is a setting, `:` may be prose. */
const setting =
  /(?<![\p{L}\p{N}])(?:[A-Za-z0-9]{1,30}[_.-]){0,4}(?:password|passwd|passphrase|passwort|kennwort|contraseña|mot de passe|senha|pwd|secret|token|api[_ -]?key|access[_-]?key|private[_-]?key|密码|口令)["'\]]{0,2}(\s{0,3}(?:=>|:=|[:=：＝])\s{0,3}|\s{1,3}is\s{1,3})["']?([^\s"',;，；]{4,200})/giu

/** Nothing that could be a secret is without one of these: most texts are done with after this. */
const hint =
  /-----|PuTTY|AGE-|S[UANOC][A-Z2-7]{20}|A[KSBC][ISC]A|aws|AccountKey|sig=|\dQ~|AIza|GOCSPX|ya29|_v1_|v1\.0|HRKU|gh[opsur]_|_pat_|gl[a-z]{2,5}[-_]|TT3|npm_|pypi-|gems_|oy2|dckr|auth|atlas|pul-|dp\.|hv[sbr]\.|s\.[A-Za-z0-9]{24}|f[om]\w?_|tskey|sbp_|pscale|dapi|xox|xapp|hooks|\d:AA|SK[0-9a-f]{8}|SG\.|key|[0-9a-f]{8}-us|[sr]k[-_]|whsec|sq|shp|hf_|r8_|lin_|ntn_|secret|pat|figd|PMAK|NRAK|sntry|dk_|eyJ|basic|bearer|login|\w\.[\w-]{6}\.|:\/\/|pass|pwd|token|kennwort|contraseña|senha|密码|口令/iu

/** Not a secret but where one goes: `{{name}}`, `<from vault>`, `$NAME`, `****`, or a reference. */
const placeholder = /^(?:[<{[(%*•]|\$[{(A-Z_]|x{3,}$|\.{3}|(?:vault|gcp-sm|env):\/\/)/i

/** Of a text that is not about secrets, as prose is: a word and nothing else. */
const isPlainWord = (value: string): boolean => !/\d|[^\p{L}\p{N}_.,/()!?-]|\p{Ll}\p{Lu}/u.test(value)

/** The kind of secret in a text; undefined where there is none. */
function kindOf(text: string): string | undefined {
  if (text.length < 8 || !hint.test(text)) return undefined
  for (const [kind, pattern] of formats) if (pattern.test(text)) return kind
  for (const [, password = ''] of text.matchAll(url))
    if (!placeholder.test(password)) return 'password_in_url'
  for (const [, sets = '', value = ''] of text.matchAll(setting)) {
    if (placeholder.test(value)) continue
    if (sets === '=' || (value.length >= 6 && !isPlainWord(value.replace(/[.)!?]+$/, '')))) return 'password'
  }
  return undefined
}

/** What hides a secret from a pattern: other widths of letters, and characters without any. */
const invisible = /[\u00AD\u200B-\u200F\u2060-\u2064\uFEFF]/g
// oxlint-disable-next-line no-control-regex -- exactly the range of ASCII
const isAscii = (text: string): boolean => /^[\x00-\x7F]*$/.test(text)
const scanText = (text: string): string | undefined =>
  kindOf(text) ?? (isAscii(text) ? undefined : kindOf(text.normalize('NFKC').replace(invisible, '')))

/**
 * Every string of a JSON value that looks like a secret, names of members included; `job_plan.steps.2.text`. A member
 * whose name is a secret is called `(name)`. At most 50 are listed.
 */
export function findSecrets(value: unknown, path = ''): FoundSecret[] {
  const found: FoundSecret[] = []
  walk(value, path, found)
  return found
}

const mostFound = 50

function walk(value: unknown, path: string, found: FoundSecret[]): void {
  if (found.length >= mostFound) return
  if (typeof value === 'string') {
    const kind = scanText(value)
    if (kind !== undefined) found.push({ path, kind })
    return
  }
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const [i, one] of value.entries()) walk(one, within(path, String(i)), found)
    return
  }
  for (const [name, one] of Object.entries(value)) {
    const kind = scanText(name)
    if (kind !== undefined) found.push({ path: within(path, '(name)'), kind })
    walk(one, within(path, kind === undefined ? name : '(name)'), found)
    if (typeof one === 'string' && kind === undefined) scanMember(name, one, within(path, name), found)
  }
}

const within = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

/** A member may say by its name that it is a secret: `{"password": "…"}`. */
function scanMember(name: string, value: string, path: string, found: FoundSecret[]): void {
  if (found.at(-1)?.path === path || !/pass|pwd|secret|token|key|kennwort|密码|口令/i.test(name)) return
  const kind = scanText(`${name}: ${value}`)
  if (kind !== undefined) found.push({ path, kind })
}

/**
 * Secrets to plant, one of each kind, made up from a table of their forms when the tests run: nothing that stands in
 * this file looks like a secret to the scanners of code hosts. `«A36»` stands for 36 letters and digits, `«h…»` for hex
 * digits, `«U…»` for upper-case letters and 2 to 7, `«d…»` for digits, `«l…»` for letters, `«b…»` for base64; `·` for
 * nothing, `⏎` for a line break.
 */
import { table } from './table.ts'

const alphabets: { readonly [letter: string]: string } = {
  A: 'kQ3vT9xLm2RzB7cYw5HnJ8dFpG4sUa6E1qVtXNyKbMeZ',
  h: '9f3a7c05e1b84d26',
  U: 'Q7XK2MZ5RLTJ4WYHN3PDVB6GSFCUA',
  d: '7302918456',
  l: 'kQvTxLmRzBcYwHnJdFpGsUaEqVtXNyKbMeZ',
  b: 'kQ3v/T9xLm2Rz+B7cYw5HnJ8dFpG4sUa6E1qVt',
}

/** The form filled in, always the same way. */
export function plant(form: string): string {
  let turn = form.length
  return form
    .replaceAll('·', '')
    .replaceAll('⏎', '\n')
    .replaceAll(/«([AhUdlb])(\d+)»/g, (_all, letter: string, count: string) => {
      const alphabet = alphabets[letter] ?? ''
      return Array.from({ length: Number(count) }, () => alphabet[(turn += 5) % alphabet.length]).join('')
    })
}

/** Kind, and a text in which one stands. */
export const planted: readonly { readonly kind: string; readonly text: string }[] = table`
  kind                   | text
  private_key            | -----BEGIN RSA PRI·VATE KEY-----⏎MIIE«b60»
  private_key            | -----BEGIN EC PRI·VATE KEY-----⏎MHcC«b60»
  private_key            | -----BEGIN OPENSSH PRI·VATE KEY-----⏎b3Bl«b60»
  private_key            | -----BEGIN PRI·VATE KEY-----⏎MIIE«b60»
  private_key            | -----BEGIN ENCRYPTED PRI·VATE KEY-----⏎MIIF«b60»
  private_key            | -----BEGIN DSA PRI·VATE KEY-----⏎MIIB«b60»
  private_key            | MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw«b60»
  private_key            | MIIEowIBAAKCAQEA«b60»
  private_key            | MHcCAQEEI«b40»
  private_key            | b3BlbnNzaC1rZXktdjEAAAAA«b40»
  private_key            | <RSAKeyValue><D>«b80»</D></RSAKeyValue>
  pgp_private_key        | -----BEGIN PGP PRI·VATE KEY BLOCK-----⏎⏎lQdG«b60»
  putty_private_key      | PuTTY-User-Key-File-3: ssh-ed25519
  age_secret_key         | AGE-SECRET-KEY-1«U58»
  aws_access_key_id      | AKIA«U16»
  aws_access_key_id      | ASIA«U16»
  aws_secret_key         | aws_secret_access_key = «b40»
  aws_secret_key         | AWS_SECRET_ACCESS_KEY="«b40»"
  aws_mws_token          | amzn.mws.«h8»-«h4»-«h4»-«h4»-«h12»
  aws_bedrock_key        | ABSK«b120»
  signed_url             | https://docket.blob.core.windows.net/files/a.pdf?sv=2024-11-04&se=2026-11-21&sig=«A43»%3D
  signed_url             | https://bucket.s3.amazonaws.com/a.pdf?X-Amz-Expires=300&X-Amz-Signature=«h64»
  azure_storage_key      | DefaultEndpointsProtocol=https;AccountName=lab;AccountKey=«b86»==
  azure_client_secret    | «A3»8Q~«A34»
  azure_devops_token     | «A76»AZDO«A4»
  azure_resource_key     | «A76»+ASt«A8»==
  azure_resource_key     | «A44»AzFu«A6»==
  github_token           | ghp_«A36»
  github_token           | gho_«A36»
  github_token           | ghu_«A36»
  github_token           | ghs_«A36»
  github_token           | ghr_«A36»
  github_fine_grained    | github_pat_«A22»_«A59»
  gitlab_token           | glpat-«A20»
  gitlab_token           | gldt-«A20»
  gitlab_token           | glrt-«A20»
  gitlab_runner_token    | GR1348941«A20»
  bitbucket_token        | ATBB«A32»
  atlassian_token        | ATATT3xFfGF0«A180»
  slack_token            | xoxb-«d12»-«d12»-«A24»
  slack_token            | xoxp-«d12»-«d12»-«d12»-«h32»
  slack_token            | xapp-1-«U11»-«d13»-«h64»
  slack_webhook          | https://hooks.slack.com/services/T«U10»/B«U10»/«A24»
  discord_token          | M«A24».«A6».«A38»
  discord_webhook        | https://discord.com/api/webhooks/«d18»/«A68»
  teams_webhook          | https://lab.webhook.office.com/webhookb2/«h8»-«h4»-«h4»-«h4»-«h12»@«h8»-«h4»-«h4»-«h4»-«h12»/IncomingWebhook/«h32»
  telegram_bot_token     | «d10»:AA«A33»
  stripe_key             | sk_live_«A24»
  stripe_key             | rk_test_«A24»
  webhook_secret         | whsec_«A32»
  square_token           | sq0atp-«A22»
  square_token           | EAAA«A60»
  paypal_braintree_token | access_token$production$«h16»$«h32»
  shopify_token          | shpat_«h32»
  google_api_key         | AIza«A35»
  google_oauth_secret    | GOCSPX-«A28»
  google_oauth_token     | ya29.«A120»
  google_oauth_token     | 1//0«A60»
  gcp_service_account    | { "type": "service_account", "private_key_id": "«h40»" }
  npm_token              | npm_«A36»
  npm_auth               | //registry.npmjs.org/:_authToken=«h8»-«h4»-«h4»-«h4»-«h12»
  pypi_token             | pypi-AgEIcHlwaS5vcmcC«A90»
  rubygems_key           | rubygems_«h48»
  crates_token           | cio«A32»
  docker_token           | dckr_pat_«A27»
  docker_auth            | { "auths": { "registry.example.com": { "auth": "«A40»==" } } }
  digitalocean_token     | dop_v1_«h64»
  heroku_key             | HRKU-«h8»-«h4»-«h4»-«h4»-«h12»
  heroku_key             | HEROKU_API_KEY=«h8»-«h4»-«h4»-«h4»-«h12»
  netlify_token          | nfp_«A36»
  sendgrid_key           | SG.«A22».«A43»
  mailgun_key            | key-«h32»
  mailgun_key            | «h32»-«h8»-«h8»
  mailchimp_key          | «h32»-us14
  brevo_key              | xkeysib-«h64»-«A16»
  twilio_key             | SK«h32»
  openai_key             | sk-proj-«A74»T3BlbkFJ«A74»
  openai_key             | sk-«A20»T3BlbkFJ«A20»
  anthropic_key          | sk-ant-api03-«A93»AA
  openrouter_key         | sk-or-v1-«h64»
  huggingface_token      | hf_«l34»
  groq_key               | gsk_«A52»
  perplexity_key         | pplx-«A48»
  xai_key                | xai-«A80»
  replicate_token        | r8_«A37»
  databricks_token       | dapi«h32»
  vault_token            | hvs.«A24»
  vault_token            | hvb.«A110»
  vault_token            | s.«A24»
  terraform_token        | «A14».atlasv1.«A67»
  pulumi_token           | pul-«h40»
  doppler_token          | dp.pt.«A43»
  onepassword_token      | A3-«U6»-«U6»-«U5»-«U5»-«U5»-«U5»
  linear_key             | lin_api_«A40»
  notion_token           | ntn_«A46»
  notion_token           | secret_«A43»
  airtable_token         | pat«A14».«h64»
  asana_token            | 1/«d16»:«h32»
  figma_token            | figd_«A43»
  postman_key            | PMAK-«h24»-«h34»
  new_relic_key          | NRAK-«U27»
  grafana_token          | glsa_«A32»_«h8»
  grafana_token          | eyJrIjoi«A70»
  sentry_dsn             | https://«h32»@o123456.ingest.sentry.io/123456
  sentry_token           | sntryu_«h64»
  dynatrace_token        | dt0c01.«U24».«U64»
  okta_token             | SSWS 00«A40»
  cloudflare_key         | v1.0-«h24»-«h146»
  fly_token              | FlyV1 fm2_«b120»
  supabase_key           | sbp_«h40»
  planetscale_token      | pscale_tkn_«A43»
  circleci_token         | CCIPAT_«A22»_«h40»
  buildkite_token        | bkua_«h40»
  sonar_token            | squ_«h40»
  jfrog_token            | AKCp8«A69»
  tailscale_key          | tskey-auth-«A12»-«A32»
  wireguard_key          | PrivateKey = «b43»=
  alibaba_access_key     | LTAI«A20»
  hubspot_token          | pat-na1-«h8»-«h4»-«h4»-«h4»-«h12»
  mapbox_secret_token    | sk.eyJ«A60».«A22»
  tencent_secret_id      | AKID«A32»
  dropbox_token          | sl.u.«A130»
  facebook_token         | EAA«A110»
  shippo_token           | shippo_live_«h40»
  easypost_key           | EZAK«A54»
  typeform_token         | tfp_«A44»
  jwt                    | eyJ«A20».eyJ«A40».«A43»
  jwt                    | eyJ«A40»..«A16».«A60».«A22»
  password_hash          | $2b$12$«A53»
  password_hash          | $6$rounds=5000$«A16»$«A86»
  password_hash          | $argon2id$v=19$m=65536,t=3,p=4$«A22»$«A43»
  docket_key             | dk_«l48»
  authorization_header   | Authorization: Basic «b24»==
  authorization_header   | authorization: Bearer «A32»
  authorization_header   | curl -H 'Bearer «A32»'
  url_password           | postgres://docket:«A9»@db.example.com:5432/docket
  url_password           | https://lee:«A9»@files.example.com/a
  url_password           | ftp://u:«A5»@h
  url_password           | amqp://guest:«A9»@mq:5672/
  url_password           | mongodb+srv://app:«A9»@cluster0.example.net/lab
  url_password           | redis://:«A9»@cache:6379/0
  jdbc_password          | jdbc:oracle:thin:scott/«A7»@//db.example.com:1521/LAB
  connection_string      | Server=db;Database=lab;User Id=sa;Password=«A12»;
  connection_string      | Driver={ODBC};Server=db;Uid=sa;Pwd=«A12»
  netrc                  | machine ftp.example.com login lee password «A10»
  command_line_password  | curl -u lee:«A12» https://api.example.com
  command_line_password  | mysql -u root -p«A12» lab
  command_line_password  | sshpass -p «A12» ssh lab@host
  command_line_password  | tool --password «A12»
  sql_password           | alter user lab identified by '«A12»'
  sql_password           | create role lab login password '«A12»'
  powershell_password    | ConvertTo-SecureString "«A12»" -AsPlainText
  kubernetes_key_data    | client-key-data: «A60»
  xml_password           | <db><password>«A10»</password></db>
  xml_password           | <pwd>«A4»</pwd>
  password               | password: «A8»
  password               | Password = «l10»
  password               | THE PASSWORD IS «A8».
  password               | password: new_«A6»
  password               | password: 0000
  password               | passwd=«A8»
  password               | pwd=«A8»
  password               | DB_PASS=«A8»
  password               | Login lab, Passwort: «A8»
  password               | Kennwort für den Server: «A8»
  password               | 密码：«A8»
  password               | пароль: «A8»
  password               | contraseña: «A8»
  password               | mot de passe : «A8»
  password               | { "password": "«A8»" }
  password               | {\\"adminPassword\\":\\"«A8»\\"}
  password               | password:⏎ «A8»
  password               | password (local admin): «A8»
  password               | the password is «A8».
  password               | jdbc:mysql://db/lab?user=lab&password=«A8»
  api_key                | api_key: «A24»
  api_key                | x-api-key: «A24»
  api_key                | apiKey="«A24»"
  secret                 | secret=«A16»
  secret                 | client_secret: «A24»
  token                  | token=«A20»
  token                  | access_token: «A20»
`.map(({ kind = '', text = '' }) => ({ kind, text: plant(text) }))

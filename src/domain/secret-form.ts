/**
 * Secrets that tell what they are: keys and tokens whose form their maker documents. One line is one form: its
 * kind, literals of which one stands in every match (they are looked for before the pattern is tried), and the
 * pattern, sixteen characters long at least and without a space. The one rule: every repetition in a pattern has a
 * bound, so that the time it takes grows with the text and no faster.
 */

export type Detector = {
  readonly kind: string
  /** One of these stands wherever the pattern matches; `*` where there is none that is rare. */
  readonly hints: readonly string[]
  readonly pattern: RegExp
  /** Whether what the pattern's first group holds is a secret; every match is one when there is no such test. */
  readonly accepts?: (value: string, match: RegExpExecArray) => boolean
}

/** `*`: no literal is rare enough to look for. `-` before a pattern: it may begin inside a word as well. */
const forms = String.raw`
  private_key            | BADANBgkqhkiG9w0BAQEFAASC IBAAKCAQ MHcCAQEEI MC4CAQAwBQYDK2VwBCIEI b3BlbnNzaC1rZXktdjEA | -MII[\w+/]{4,6}BADANBgkqhkiG9w0BAQEFAASC|MII[\w+/]{3,5}IBAAKCAQ|MHcCAQEEI[\w+/]{20}|MC4CAQAwBQYDK2VwBCIEI[\w+/]{20}|b3BlbnNzaC1rZXktdjEA[\w+/]{20}
  putty_private_key      | PuTTY-User-Key-File- | PuTTY-User-Key-File-\d
  age_secret_key         | AGE-SECRET-KEY- | AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{40}
  aws_access_key_id      | AKIA ASIA ABIA ACCA A3T | (?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])
  aws_mws_token          | amzn.mws. | amzn\.mws\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}
  aws_bedrock_key        | ABSK | ABSK[A-Za-z0-9+/]{109}
  signed_url             | sig= Signature= | -[?&](?:sig|X-Amz-Signature|X-Goog-Signature)=[A-Za-z0-9%+/_-]{32}
  azure_storage_key      | Key= | -(?i:AccountKey|SharedAccessKey|AccessKey)=[A-Za-z0-9+/]{40,86}=
  azure_client_secret    | Q~ | (?<![~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])
  azure_devops_token     | AZDO | [A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}
  azure_resource_key     | AzFu AzSe AzCa ACDb AIoT APIM +ASt +ASb +AEh +ABa | (?<![/+])[A-Za-z0-9/+]{33,76}(?:\+(?:ASt|ASb|AEh|ABa)|AzFu|AzSe|AzCa|ACDb|AIoT|APIM)[A-Za-z0-9/+]{5,10}={1,2}
  github_token           | ghp_ gho_ ghu_ ghs_ ghr_ | gh[pousr]_[A-Za-z0-9]{36}
  github_fine_grained    | github_pat_ | github_pat_[A-Za-z0-9_]{36}
  gitlab_token           | glpat- gldt- glrt- glrtr- glcbt- glptt- glft- glimt- glagent- glsoat- gloas- glffct- glwt- | gl(?:pat|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|oas|ffct|wt)-[\w.=-]{16}
  gitlab_runner_token    | GR1348941 | GR1348941[\w-]{20}
  bitbucket_token        | ATBB ATCTT3 | (?:ATBB[A-Za-z0-9]{24}|ATCTT3x[\w=-]{40})
  atlassian_token        | ATATT3 ATSTT3 | AT[AS]TT3[\w=.-]{40}
  slack_token            | xoxa xoxb xoxe xoxo xoxp xoxr xoxs xapp- xwfp- xoxc xoxd | (?:xox[abcdeoprs]|xapp|xwfp)[.-][\w.%-]{12}
  slack_webhook          | hooks.slack.com | -hooks\.slack\.com/(?:services|workflows|triggers)/[\w/+-]{16}
  discord_token          | * | [MNO][A-Za-z\d]{23,27}\.[\w-]{6}\.[\w-]{27}
  discord_webhook        | /api/webhooks/ | -discord(?:app)?\.com/api/webhooks/\d{10,20}/[\w-]{40}
  teams_webhook          | webhook.office.com | -webhook\.office\.com/webhookb2/[\w@-]{36}
  telegram_bot_token     | :AA | \d{8,10}:AA[\w-]{32}
  stripe_key             | sk_live_ sk_test_ rk_live_ rk_test_ sk_org_ | (?:sk|rk)_(?:live|test|org)_[A-Za-z0-9_]{10}
  webhook_secret         | whsec_ | whsec_[A-Za-z0-9+/]{24}
  square_token           | sq0atp- sq0csp- EAAA | (?:sq0atp-[\w-]{22}|sq0csp-[\w-]{43}|EAAA[\w-]{60})
  paypal_braintree_token | access_token$ | access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}
  shopify_token          | shpat_ shpca_ shppa_ shpss_ shpua_ | shp(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{32}
  google_api_key         | AIza | AIza[\w-]{35}
  google_oauth_secret    | GOCSPX- | GOCSPX-[\w-]{28}
  google_oauth_token     | ya29. 1//0 | (?:ya29\.[\w-]{20}|1//0[\w-]{40})
  npm_token              | npm_ | npm_[A-Za-z0-9]{36}
  pypi_token             | pypi-AgE | pypi-AgE[\w-]{50}
  rubygems_key           | rubygems_ | rubygems_[0-9a-f]{48}
  crates_token           | * | cio[A-Za-z0-9]{32}(?![A-Za-z0-9])
  docker_token           | dckr_ | dckr_[po]at_[\w-]{24}
  digitalocean_token     | dop_v1_ doo_v1_ dor_v1_ | do[por]_v1_[0-9a-f]{64}
  heroku_key             | HRKU- | HRKU-[\w-]{36}
  netlify_token          | nfp_ nfc_ nfu_ | nf[pcu]_[A-Za-z0-9]{36}
  sendgrid_key           | SG. | SG\.[\w-]{16,32}\.[\w-]{16,64}
  mailgun_key            | key- | key-[0-9a-f]{32}(?!\w)
  mailgun_key            | * | -(?<=(?<!\w)[0-9a-f]{32})-[0-9a-f]{8}-[0-9a-f]{8}(?![\w-])
  mailchimp_key          | * | -(?<=(?<!\w)[0-9a-f]{32})-us\d{1,2}(?!\w)
  brevo_key              | xkeysib- xsmtpsib- | x(?:key|smtp)sib-[0-9a-f]{64}-[A-Za-z0-9]{16}
  twilio_key             | SK | SK[0-9a-f]{32}(?!\w)
  openai_key             | sk- | sk-(?:(?:proj|svcacct|admin|None)-[\w-]{40}|[A-Za-z0-9]{32})
  anthropic_key          | sk-ant- | sk-ant-[a-z0-9]{3,12}-[\w-]{24}
  huggingface_token      | hf_ api_org_ | (?:hf|api_org)_[A-Za-z0-9]{34}
  groq_key               | gsk_ | gsk_[A-Za-z0-9]{48}
  perplexity_key         | pplx- | pplx-[A-Za-z0-9]{40}
  xai_key                | xai- | xai-[A-Za-z0-9]{70}
  replicate_token        | r8_ | r8_[A-Za-z0-9]{37}
  openrouter_key         | sk-or- | sk-or-v1-[0-9a-f]{64}
  databricks_token       | dapi dose dkea | (?:dapi|dose|dkea)[0-9a-f]{32}
  vault_token            | hvs. hvb. hvr. | hv[sbr]\.[\w-]{24}
  vault_token            | * | [sbr]\.(?=[A-Za-z]{0,23}\d)(?=[a-z0-9]{0,23}[A-Z])[A-Za-z0-9]{24}(?![A-Za-z0-9])
  terraform_token        | .atlasv1. | [A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60}
  pulumi_token           | pul- | pul-[0-9a-f]{40}
  doppler_token          | dp. | dp\.(?:pt|st|ct|sa|said|scim|audit)\.[\w.-]{40}
  onepassword_token      | ops_eyJ A3- | (?:ops_eyJ[\w-]{100}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3})
  linear_key             | lin_api_ lin_oauth_ lin_wh_ | lin_(?:api|oauth|wh)_[A-Za-z0-9]{32}
  notion_token           | ntn_ secret_ | (?:ntn_[A-Za-z0-9]{40}|secret_[A-Za-z0-9]{43}(?![A-Za-z0-9]))
  airtable_token         | * | pat[A-Za-z0-9]{14}\.[0-9a-f]{64}
  asana_token            | * | [0-2]/\d{10,20}(?:/\d{10,20})?:[0-9a-f]{32}
  figma_token            | figd_ figo_ | fig[do]_[\w-]{40}
  postman_key            | PMAK- | PMAK-[0-9a-f]{24}-[0-9a-f]{34}
  new_relic_key          | NRAK- NRRA- NRII- NRJS- NRAL | (?:NR(?:AK|RA|II)-[\w-]{27}|NRJS-[0-9a-f]{19}|[0-9a-f]{36}NRAL)
  grafana_token          | glsa_ glc_ eyJrIjoi | (?:glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|glc_[A-Za-z0-9+/=]{32}|eyJrIjoi[A-Za-z0-9+/=]{40})
  sentry_dsn             | sentry | -://[0-9a-f]{32}(?::[0-9a-f]{32})?@[\w.-]{0,80}sentry[\w.-]{0,40}
  sentry_token           | sntrys_ sntryu_ sntrya_ | (?:sntrys_eyJ[\w+/=]{40}|sntry[ua]_[0-9a-f]{64})
  dynatrace_token        | dt0c01. dt0s | dt0[cs]\d\d\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}
  cloudflare_key         | v1.0- | v1\.0-[0-9a-f]{24}-[0-9a-f]{100}
  fly_token              | fm1 fm2_ fo1_ | (?:fo1_[\w-]{43}|fm[12][ar]?_[A-Za-z0-9+/=]{60})
  supabase_key           | sbp_ sb_secret_ | (?:sbp_[0-9a-f]{40}|sb_secret_[\w-]{20})
  planetscale_token      | pscale_ | pscale_(?:tkn|oauth|pw)_[\w=.-]{32}
  circleci_token         | CCIPAT_ CCIPRJ_ | CCIP(?:AT|RJ)_[\w-]{20}
  buildkite_token        | bkua_ bkat_ bkct_ | bk(?:ua|at|ct)_[\w-]{20}
  sonar_token            | sqp_ squ_ sqa_ | sq[pua]_[0-9a-f]{40}
  jfrog_token            | AKCp cmVmdGtu | (?:AKCp[A-Za-z0-9]{69}|cmVmdGtuO[A-Za-z0-9+/]{55})
  tailscale_key          | tskey- | tskey-[a-z]{2,12}-[A-Za-z0-9]{6,24}(?:-[A-Za-z0-9]{10})?
  alibaba_access_key     | LTAI | LTAI[A-Za-z0-9]{16}
  tencent_secret_id      | AKID | AKID[A-Za-z0-9]{32}
  hubspot_token          | pat-na pat-eu | pat-(?:na|eu)\d-[0-9a-f]{8}-[0-9a-f]{4}-
  dropbox_token          | sl. | sl\.(?:u\.)?[\w-]{120}
  facebook_token         | EAA | EAA[A-Za-z0-9]{90}
  mapbox_secret_token    | sk.eyJ | sk\.eyJ[\w-]{20,400}\.[\w-]{16}
  shippo_token           | shippo_ | shippo_(?:live|test)_[0-9a-f]{40}
  easypost_key           | EZAK EZT | EZ[AT]K[A-Za-z0-9]{54}
  typeform_token         | tfp_ | tfp_[\w.=-]{40}
  jwt                    | eyJ | (?<!-)eyJ[\w-]{10,4000}\.(?:eyJ[\w-]{10,9000}\.|[\w-]{0,1000}\.[\w-]{8,40}\.[\w-]{8})
  password_hash          | $1$ $2a$ $2b$ $2x$ $2y$ $5$ $6$ $y$ $apr1$ $argon2 | -\$(?:2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|(?:[156y]|apr1)\$[^\s:$]{1,40}(?:\$[^\s:$]{1,40})?\$[./A-Za-z0-9]{22}|argon2(?:id?|d)\$)
  docket_key             | dk_ | dk_[A-Za-z]{48}(?![A-Za-z0-9])
`
export const formDetectors: readonly Detector[] = forms
  .trim()
  .split('\n')
  .map((line) => {
    const [, kind = '', hints = '', inside, source = ''] =
      /^\s*(\S+)\s+\|\s(.*?)\s\|\s(-?)(.*)$/.exec(line) ?? []
    return {
      kind,
      hints: hints.split(' '),
      pattern: new RegExp(inside === '-' ? source : `(?<![A-Za-z0-9_])(?:${source})`),
    }
  })

/**
 * Secrets that are told by what stands around them: a password behind its name, in an address, in a header, on a
 * command line. The one rule: it is the value that decides. A reference, a placeholder, a date or the prose that
 * follows "password:" is none, so each of these forms asks `isValue` about what it found.
 */
import type { Detector } from './secret-form.ts'

const passwords = String.raw`pass(?:word|wort|wd|phrase|code)|(?<=[_-]|db|user)pass|pwd|kennwort|losungswort|mot de passe|contrase(?:ñ|n)a|senha|wachtwoord|lösenord|adgangskode|passord|salasana|hasło|heslo|şifre|jelszó|пароль|密码|密碼|口令|パスワード|비밀번호|암호`
const keys = String.raw`(?:api|access|secret|auth|encryption|master|private|storage|subscription|shared)[_ -]?key`
/** A name as it may stand: in quotes (also escaped ones), in the plural, or followed by whose it is. */
const tail = String.raw`s?[\\"'\x60\])]{0,8}(?:\s(?:for|of|für|de)(?:\s[^\s:=]{1,24}){1,3}?|\s?\([^()\n]{0,40}\))?`
const sign = String.raw`\s{0,4}(?::=|=>|[:=])`
const value = String.raw`(?:\\[nrt]|[\\"'\x60\s]){0,16}([^\s"'\x60,;]{1,200})`

/** Where a placeholder begins: text in brackets, a variable, a mask, what code reads from elsewhere. */
const placeholder =
  /^(?:<[^<>\n]{0,80}>|\{\{?[^{}\n]{0,80}\}|\[[^[\]\n]{0,80}\]|\([^()\n]{0,80}\)|\$\{[^}\n]{0,80}\}|\$\([^)\n]{0,80}\)|\$(?:[A-Z_][A-Z0-9_]*|[A-Za-z_]+)(?![\w])|%[A-Za-z_]\w{0,40}%|%[sdv@](?!\w)|@[A-Za-z_.]{1,40}\(|(?:process|os|env|vars?|secrets?|config|settings|self|this|params?|inputs?|steps?|local|data|module)\.[A-Za-z]|\w{1,40}\()/
const mask = /\*{3}|•{3}|…|\.{3}|^([*x.•·_\-?#X])\1+$/
const reference =
  /^(?:vault|gcp-sm|env|aws-sm|arn|op|azure-kv|akv|bao|keyring|secretsmanager|ssm|sops|file|https?):(?:\/\/)?\S/i
const ordinary =
  /^(?:see|siehe|ask|fragen|reset|set|changed?|new|old|same|expire[sd]?|expiry|required|needed|missing|none|null|nil|undefined|true|false|yes|no|ja|nein|n\/a|tbd|todo|unknown|unbekannt|empty|leer|blank|hidden|redacted|removed|replaced?|protected|forgotten|lost|stored|kept|optional|string|text|default|from|the|is|in|at|by|per|via|not|and|policy|prompt|input|vault|reference|rotated?|revoked?|expiring|encrypted|disabled|enabled|ok|okay|given|provided|handed|held)(?:[·.,:!?)]|$)/i
const dateOrNumber =
  /^(?:\d{4}-\d\d-\d\d|\d{1,2}[:.]\d\d(?:[:.]\d{1,4})?(?!\w)|WO-\d{4}-|\d{1,3}(?:st|nd|rd|th|x)?(?!\w))/
const isBarePath = (text: string): boolean => /^\.{0,2}\/[\w./-]*$/.test(text)
/** Tickets, tags and parts are named like `INC0012345` and `KEY-2024-0012`. */
const isNumber = (text: string): boolean =>
  text.length < 20 && /^(?:[A-Z]{2,5}\d{4,12}|[A-Z0-9]{1,8}(?:-[A-Z0-9]{1,8}){1,3})$/.test(text)
const isUuid = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?!\w)/i.test(text)

/** Whether what stands at the beginning of a text is a secret value, given what it was cut from. */
function isValue(text: string, rest: string): boolean {
  const core = text.replace(/<\/.*$|[.,;:!?)}\]>\\]+$/g, '')
  if (core.length < 4 || placeholder.test(rest) || mask.test(core) || reference.test(core)) return false
  if (ordinary.test(core) || dateOrNumber.test(core) || isBarePath(core)) return false
  // Words only: a sentence goes on behind its first word; a script without spaces cannot be told from one.
  if (/^[\p{L}'’-]+$/u.test(core))
    return (
      /^[A-Za-zÀ-ɏ'’-]+$/.test(core) && !(isWord(core) && /^[ \t]+[\p{L}\d(]/u.test(rest.slice(text.length)))
    )
  return !/^\p{Script=Han}/u.test(core)
}
const isWord = (text: string): boolean => /^(?:\p{Lu}?[\p{Ll}'’-]+|[\p{Lu}'’-]+)$/u.test(text)

/** Keys and tokens are no words, and no numbers by which something else is known. */
function isToken(text: string, rest: string): boolean {
  const core = text.replace(/[.,;:!?)}\]\\]+$/, '')
  if (core.length < 8 || isUuid(core) || isNumber(core) || !isValue(text, rest)) return false
  return /\d/.test(core) ? /[A-Za-z]/.test(core) : core.length >= 12 && !isWord(core)
}

type Test = (text: string, rest: string) => boolean
const found =
  (test: Test) =>
  (text: string, match: RegExpExecArray): boolean => {
    const start = match.index + match[0].lastIndexOf(text)
    return test(text, match.input.slice(start, start + 300))
  }

function form(kind: string, hints: string, source: string, test: Test = isValue): Detector {
  return { kind, hints: hints.split(' '), pattern: new RegExp(source, 'gi'), accepts: found(test) }
}
const anything: Test = () => true
const passwordHints =
  'pass pwd kennwort losungswort contrase senha wachtwoord lösenord adgangskode salasana hasło heslo şifre jelszó пароль 密码 密碼 口令 パスワード 비밀번호 암호'

export const contextDetectors: readonly Detector[] = [
  form('pgp_private_key', 'pgp', String.raw`BEGIN PGP (PRIVATE KEY)`, anything),
  form('private_key', 'begin', String.raw`BEGIN (?:[A-Z0-9]{2,12} ){0,3}(PRIVATE KEY)`, anything),
  form('private_key', 'privatekey> <d>', String.raw`<(?:d|privatekey)>([a-z0-9+/=\s]{40})`, anything),
  form(
    'aws_secret_key',
    'aws',
    String.raw`aws.{0,24}?(?:secret|sk|key).{0,24}?[:=]\s{0,4}[\\"']{0,8}(?![0-9a-f]{40}(?![\w/+]))([a-z0-9/+]{40})(?![a-z0-9/+])`,
    anything,
  ),
  form(
    'gcp_service_account',
    'private_key_id',
    String.raw`private_key_id[\\"']{0,8}\s{0,4}:\s{0,4}[\\"']{0,8}([0-9a-f]{40})`,
    anything,
  ),
  form(
    'wireguard_key',
    'privatekey presharedkey',
    String.raw`(?:private|preshared)key\s{0,4}=\s{0,4}([a-z0-9+/]{43})=`,
    anything,
  ),
  form(
    'heroku_key',
    'heroku',
    String.raw`heroku[\w .-]{0,24}[\\"']{0,8}\s{0,4}[:=]\s{0,4}[\\"']{0,8}([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})`,
    anything,
  ),
  form('okta_token', 'ssws', String.raw`\bSSWS\s{1,4}(00[\w-]{40})`, anything),
  form(
    'authorization_header',
    'authorization',
    String.raw`authorization[\\"']{0,8}\s{0,4}[:=]\s{0,4}[\\"']{0,8}(?:basic|bearer|token|apikey|negotiate|bot|key|digest)\s{1,4}([^\s"',]{6,200})`,
  ),
  form(
    'authorization_header',
    'bearer basic',
    String.raw`\b(?:bearer|basic)\s{1,4}((?=[a-z+/._~-]{0,40}\d)[\w.~+/-]{16,200}={0,2})`,
  ),
  form(
    'url_password',
    '@',
    String.raw`:\/\/[^\s/?#@:"'<>]{0,200}:([^\s/?#@"']{1,400})@(?=[^\s@])`,
    isUrlPassword,
  ),
  form(
    'jdbc_password',
    'jdbc:',
    String.raw`jdbc:oracle:\w{2,6}:[^\s/@]{1,80}/([^\s@]{1,200})@`,
    isUrlPassword,
  ),
  form('connection_string', 'pwd password', String.raw`;\s{0,3}(?:pwd|password)\s{0,3}=\s{0,3}${value}`),
  form(
    'netrc',
    'machine',
    String.raw`\bmachine\s{1,8}\S{1,200}\s{1,8}login\s{1,8}\S{1,200}\s{1,8}password\s{1,8}(\S{1,200})`,
  ),
  form(
    'command_line_password',
    'curl',
    String.raw`\bcurl\b[^\n]{0,160}?\s(?:-u|--user)[ =]{0,2}["']?[^\s:"']{1,64}:([^\s"']{1,200})`,
  ),
  form(
    'command_line_password',
    'sshpass mysql login redis-cli',
    String.raw`\b(?:sshpass|mysql\w{0,8}|login|redis-cli)\b[^\n]{0,80}?\s-[pa]\s{0,2}["']?([^\s"'-][^\s"']{3,200})`,
    isToken,
  ),
  form(
    'command_line_password',
    '--',
    String.raw`\s--(?:${passwords}|pass|token|secret|${keys})(?:\s{1,4}|=)["']?([^\s"'-][^\s"']{1,200})`,
    isCommandValue,
  ),
  form(
    'sql_password',
    'identified password',
    String.raw`\b(?:identified(?:\s{1,4}with\s{1,4}\w{1,40})?\s{1,4}(?:by|as)|password)\s{1,4}'([^'\n]{4,200})'`,
  ),
  form(
    'powershell_password',
    'convertto-securestring',
    String.raw`convertto-securestring\s{1,4}(?:-string\s{1,4})?\\{0,8}["']([^"'\n]{4,200})["']`,
  ),
  form(
    'docker_auth',
    'auth',
    String.raw`\b_?auth[\\"']{0,8}\s{0,4}[:=]\s{0,4}[\\"']{0,8}((?=[a-z+/]{0,80}[\dA-Z=])[a-z0-9+/]{12,400}={0,2})`,
    isToken,
  ),
  form(
    'npm_auth',
    '_authtoken _password',
    String.raw`:_(?:authToken|password)\s{0,3}=\s{0,3}["']?(\S{8,200})`,
  ),
  form(
    'kubernetes_key_data',
    'key-data',
    String.raw`client-key-data[\\"']{0,8}\s{0,4}:\s{0,4}["']?([a-z0-9+/=]{24,200})`,
    anything,
  ),
  form(
    'xml_password',
    passwordHints,
    String.raw`<[\w:.-]{0,40}(?:${passwords})>\s{0,12}([^<>\s]{1,200})\s{0,12}<`,
  ),
  form('password', passwordHints, String.raw`(?:${passwords})${tail}${sign}${value}`),
  form(
    'password',
    passwordHints,
    String.raw`(?:${passwords})\s{1,4}(?:is|ist|est|es)\s{1,4}["']?((?=[^\s\d]{0,40}\d)(?=[^\sa-z]{0,40}[a-z])[^\s"',;]{6,80})(?=["',;]|\.?\s{0,4}$|\.\s)`,
  ),
  form('api_key', 'key', String.raw`${keys}${tail}${sign}${value}`, isToken),
  form('token', 'token', String.raw`token${tail}${sign}${value}`, isToken),
  form(
    'secret',
    'secret credential',
    String.raw`(?:secret(?:[_ -]?(?:id|value))?|credential)${tail}${sign}${value}`,
    isToken,
  ),
]

/** In an address a password stands by itself: what a placeholder looks like is all there is to know. */
function isUrlPassword(text: string, rest: string): boolean {
  return !placeholder.test(rest) && !mask.test(text) && !/^(?:\$|%24)[A-Z_{]/.test(text)
}
function isCommandValue(text: string, rest: string): boolean {
  return text.length >= 4 && isValue(text, rest) && !isWord(text.replace(/[.,;:]+$/, ''))
}

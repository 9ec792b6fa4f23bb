/** Uploads, whole and damaged. */
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'

export type Multipart = { readonly type: string; readonly body: Buffer }

const boundary = 'xYzZY'
const form = `multipart/form-data; boundary=${boundary}`
const part = (headers: string, content: string): string => `--${boundary}\r\n${headers}\r\n\r\n${content}\r\n`
const file = (name: string, type = 'text/plain', field = 'file'): string =>
  `content-disposition: form-data; name="${field}"; filename="${name}"\r\ncontent-type: ${type}`
const end = `--${boundary}--\r\n`

const names = [
  'report.pdf',
  '',
  '.',
  '..',
  '../../etc/passwd',
  'a/b\\c',
  'x'.repeat(255),
  'x'.repeat(256),
  'x'.repeat(5000),
  'ü.txt',
  '报告.txt',
  'a"b',
  'a%00b',
  'a\0b',
  'a\r\nx: y',
  "';--",
  '\u202etxt.exe',
  ' ',
  '%zz',
  '\xff\xfe',
]
const types = [
  'text/plain',
  '',
  'x',
  'x'.repeat(300),
  'text/html; charset="',
  '\0',
  'a/b/c',
  'multipart/mixed; boundary=z',
]

const whole = (text: string, type = form): Multipart => ({ type, body: Buffer.from(text) })
const content = 'some bytes'

export const multipart: Arbitrary<Multipart> = fc.oneof(
  fc.constant(whole(part(file('report.pdf'), content) + end)),
  fc.constantFrom(...names).map((name) => whole(part(file(name), content) + end)),
  fc.constantFrom(...types).map((type) => whole(part(file('a.txt', type), content) + end)),
  fc.constantFrom(
    whole(''),
    whole(end),
    whole(part(file('empty.txt'), '') + end),
    whole(part(file('a.txt'), content)),
    whole(`--${boundary}\r\n${file('a.txt')}\r\n\r\nno end`),
    whole(`--${boundary}\r\n${file('a.txt')}`),
    whole(`--${boundary}`),
    whole(part(file('a.txt'), content) + part(file('b.txt'), content) + end),
    whole(part('content-disposition: form-data; name="file"', content) + end),
    whole(part('content-disposition: form-data; name="x"', content) + part(file('a.txt'), content) + end),
    whole(part(file('a.txt', 'text/plain', '__proto__'), content) + end),
    whole(part(file('a.txt', 'text/plain', 'other'), content) + end),
    whole(part('content-type: text/plain', content) + end),
    whole(part('content-disposition: nonsense', content) + end),
    whole(part(`content-disposition: form-data; name="file"; filename*=UTF-8''%zz`, content) + end),
    whole(part(`${file('a.txt')}\r\ncontent-transfer-encoding: base64`, '!!!') + end),
    whole(part(`${file('a.txt')}\r\nx: ${'y'.repeat(100_000)}`, content) + end),
    whole(
      Array.from({ length: 2000 }, (_, i) => part(`content-disposition: form-data; name="f${i}"`, 'x')).join(
        '',
      ) + end,
    ),
    whole(part(file('a.txt'), content) + end, 'multipart/form-data'),
    whole(part(file('a.txt'), content) + end, 'multipart/form-data; boundary=other'),
    whole(part(file('a.txt'), content) + end, `multipart/form-data; boundary=${'b'.repeat(500)}`),
    whole(part(file('a.txt'), content) + end, `multipart/mixed; boundary=${boundary}`),
    whole('{"file":"x"}', 'application/json'),
    whole(
      '{"file":{"path":"/etc/passwd","name":"x","media_type":"x","size_bytes":1,"sha256":""}}',
      'application/json',
    ),
    whole(part(file('big.bin'), 'z'.repeat(700_000)) + end),
  ),
)

/** What is a reference to a secret, and what only looks like one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '#test/table.ts'
import { explainCredentialRef, parseCredentialRef } from './credential-ref.ts'

test('R-CRD-6 a reference names a place, and can lead nowhere else', () => {
  const cases = table`
    text                                            | is
    vault://secret/lab/hplc-01#password             | vault secret lab/hplc-01 password
    vault://secret/lab/hplc-01                      | vault secret lab/hplc-01 -
    vault://secret                                  |
    vault://secret/                                 |
    vault://secret/../sys/seal                      |
    vault://secret/lab//x                           |
    vault://secret/lab%2fx                          |
    vault://secret/lab?list=true                    |
    vault://secret/lab#a#b                          |
    vault://secret/lab#                             |
    vault://user:pass@secret/lab                    |
    gcp-sm://projects/lab/secrets/lims              | gcp-sm projects/lab/secrets/lims
    gcp-sm://projects/lab/secrets/lims/versions/3   | gcp-sm projects/lab/secrets/lims/versions/3
    gcp-sm://projects/lab                           |
    gcp-sm://projects/lab/secrets/lims#x            |
    env://DOCKET_CREDENTIAL_LIMS                    | env DOCKET_CREDENTIAL_LIMS
    env://DATABASE_URL                              |
    env://DOCKET_SECRET                             |
    env://DOCKET_CREDENTIAL_                        |
    https://vault/secret                            |
    hunter2                                         |
  `
  for (const { text = '', is = '' } of cases) {
    const ref = parseCredentialRef(text)
    const shown =
      ref === undefined
        ? ''
        : Object.values(ref)
            .map((part) => part ?? '-')
            .join(' ')
    assert.equal(shown, is, text)
    const why = explainCredentialRef(text)
    assert.equal(why === undefined, is !== '', text)
    if (why !== undefined) assert.equal(why, explainCredentialRef(''), 'the text is not repeated')
  }
})

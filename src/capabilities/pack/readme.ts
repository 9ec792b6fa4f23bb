/** The one page that comes with every pack: what it is, and how a stranger checks it. */
import type { LogFacts } from './facts.ts'

type About = {
  readonly tenant: string
  readonly scope: string
  readonly madeAt: string
  readonly madeBy: string
  readonly records: number
  readonly log: LogFacts
  readonly vkey: string
}

export const toReadme = ({
  tenant,
  scope,
  madeAt,
  madeBy,
  records,
  log,
  vkey,
}: About): string => `INSPECTION PACK

${tenant}: ${scope}
${records === 1 ? 'One record' : `${records} records`}, as of ${madeAt}, exported by ${madeBy}.

TO READ
  index.html               opens in any browser, without a network
  records/<number>/        record.html and record.pdf: the whole record, its signatures and its history

TO CHECK
  1. Get docket-verify.mjs from whom you trust: the published source of Docket, folder verify. It is one file and
     needs nothing but Node.js 20 or later. Do not take it from whoever gave you this pack.
  2. Ask the tenant, in another way than this pack, for the key of its log. It must be this one:
     ${vkey}
     Put it into a file, here vkey.txt.
  3. node docket-verify.mjs <this pack>.zip --vkey vkey.txt
     It says EVERYTHING HOLDS, or names each thing that does not. Exit code 0, 1, or 2 when it cannot be read.
  If you keep an older checkpoint of this log, ask for a pack made with its size (since=<size>) and give the
  checkpoint too (--checkpoint FILE): then it is shown that nothing from before was changed or taken away.
  A witness that you trust is named with --witness KEY.

WHAT IS CHECKED
  every file        is the one that manifest.json names (SHA-256)
  entries.ndjson    one entry of the history a line, canonical JSON (RFC 8785). Its hash is
                    SHA-256(0x00 || line); the next entry of the record names it as "prev"
  proofs.json       that each entry is a leaf of the log (RFC 6962) whose root is in log/checkpoint.txt
  checkpoint.txt    a signed note (C2SP tlog-checkpoint): size, root, signature of the log, and of witnesses
                    size ${log.size}, root ${log.root}
  record.json       is what the entries make of it
  signatures.ndjson each signature covers "statement", which holds the SHA-256 of "record": the record as it was
                    signed. Key kind passphrase: Ed25519 over "docket/statement/v1\\n" and the statement.
                    Key kind passkey: WebAuthn; the challenge is SHA-256(statement)
  certificates/     each signer's key, certified by the tenant's CA; the CA itself is an entry of the log
  directory/        the log's own entries about people and keys: enrolled, confirmed by a second person, revoked
  attachments/      the bytes that were attached, by their SHA-256

BY HAND
  A file:           sha256sum records/<number>/record.json
  A certificate:    openssl verify -CAfile certificates/ca-<id>.pem certificates/<key id>.pem
  Signer's name:    openssl x509 -noout -subject -in certificates/<key id>.pem

The export itself is an entry of the log, pack_exported, with the SHA-256 of manifest.json. It came after the
checkpoint of this pack: a later pack has it in directory/tenant.ndjson, and proves this one, its pages included.

A printed page proves nothing by itself: what proves is in this pack, and the pack is proved by the log.
`

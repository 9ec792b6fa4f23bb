/**
 * 21 CFR Part 11, subparts B and C, clause by clause: what it asks for in short (our words, not the rule's), how
 * Docket behaves, and what stays with the company that runs it. `tested` says that the clause is not met by
 * anything but a requirement of docs/requirements.md that names it, with a test.
 */

export type Clause = {
  readonly id: string
  readonly asks: string
  readonly docket: string
  /** What no program can do for the company. */
  readonly company?: string
  readonly tested: boolean
}
export type Section = { readonly id: string; readonly title: string; readonly clauses: readonly Clause[] }

const closedSystems: Section = {
  id: '11.10',
  title: 'Controls for closed systems',
  clauses: [
    {
      id: '11.10(a)',
      asks: 'Systems are validated: accurate, reliable, performing as intended, and able to tell invalid or altered records.',
      docket:
        'Requirements are traced to tests, and each check is shown a violation before it is believed. `docket verify` derives every chain of entries again with a role that can only read, and names the entry and the field that were altered; a second verifier, which shares no code with the service, does it offline.',
      company:
        'Validate the installation for its intended use: this page, `npm test` and `npm run prove` are evidence for it, not a replacement.',
      tested: true,
    },
    {
      id: '11.10(b)',
      asks: 'Accurate and complete copies can be made, readable by people and in electronic form, for inspection.',
      docket:
        'An inspection pack holds pages for people, the records and entries as the bytes that were hashed, signatures, certificates, proofs and attachments, with a manifest. Every list comes whole as CSV or NDJSON.',
      tested: true,
    },
    {
      id: '11.10(c)',
      asks: 'Records are protected, so that they can be retrieved accurately and readily for as long as they are kept.',
      docket:
        'Nothing is deleted: no role at run time may delete records, or change or delete entries and signatures. A commit is on the disk before it is answered, and damage is found.',
      company: 'Keep backups and try to restore them; set how long records are kept.',
      tested: true,
    },
    {
      id: '11.10(d)',
      asks: 'Access is limited to authorized individuals.',
      docket:
        'Every call is made by a known principal of one tenant, with a session, a key or a token of the gateway. Row security keeps every statement inside its tenant; who is disabled is out within five seconds.',
      company: 'Decide who gets access, and take it away when somebody leaves.',
      tested: true,
    },
    {
      id: '11.10(e)',
      asks: 'A secure, computer-generated, time-stamped audit trail records who created, changed or deleted what and when, obscures nothing, and is kept as long as the record.',
      docket:
        'State and entry are one transaction, or neither exists; the database refuses the commit otherwise. An entry holds old and new values, the actor, the reason and the time of the server, and the hash of the entry before. Refused attempts on regulatory work orders are entries too.',
      tested: true,
    },
    {
      id: '11.10(f)',
      asks: 'Operational checks enforce the permitted sequence of steps.',
      docket:
        'A work order moves along the edges of its lifecycle only, and each gate names everything that it still needs. The database has a copy of the edges and refuses any other. While the log does not match the records, nothing regulatory becomes done.',
      tested: true,
    },
    {
      id: '11.10(g)',
      asks: 'Authority checks let only authorized individuals use the system, sign, alter a record or perform the operation at hand.',
      docket:
        'Roles decide each operation and each edge. Who did the work, last edited it, or answers for the agent that did it may not approve it; only people sign. An attempt against this is refused, and on a regulatory work order it is a finding.',
      company: 'Grant roles as your procedures say; deal with findings.',
      tested: true,
    },
    {
      id: '11.10(h)',
      asks: 'Device checks determine, where appropriate, whether the source of data or instructions is valid.',
      docket:
        'An entry says through which door it came. Imported data is checked line by line and keeps its source; a passkey signs for the address of this service only.',
      tested: true,
    },
    {
      id: '11.10(i)',
      asks: 'Those who develop, maintain or use the system have the education, training and experience for it.',
      docket: 'Nothing: what a person was taught is not known to Docket.',
      company: 'Train people before they are given a role, and keep the records of it.',
      tested: false,
    },
    {
      id: '11.10(j)',
      asks: 'Written policies hold individuals accountable for what is done under their electronic signatures.',
      docket:
        'Nobody signs before attesting the text that says what a signature means; the attestation is an entry. An agent has a human who answers for it.',
      company: 'Write the policy, and see that it is followed.',
      tested: true,
    },
    {
      id: '11.10(k)',
      asks: 'Documentation of the system is controlled: who gets it and uses it, and how it is revised.',
      docket:
        'The documents, the contract of every door and the schema are in the repository with their history, and a test fails when one of them is not what the code does.',
      company:
        'Control who is given which version of your own procedures and of this documentation, and record how they change.',
      tested: true,
    },
  ],
}

const openSystems: Section = {
  id: '11.30',
  title: 'Controls for open systems',
  clauses: [
    {
      id: '11.30',
      asks: 'Where those who are responsible for the records do not control access, further measures such as encryption and digital signatures keep records authentic, whole and confidential.',
      docket:
        'Signatures are digital signatures over the record (Ed25519, or WebAuthn with the key of an authenticator) with certificates, and checkpoints of the log are signed and cosigned by witnesses outside the database. The gateway proves who calls with signed tokens.',
      company: 'Put TLS in front of the service, and encrypt disks and backups.',
      tested: false,
    },
  ],
}

const signatures: readonly Section[] = [
  {
    id: '11.50',
    title: 'Signature manifestations',
    clauses: [
      {
        id: '11.50(a)',
        asks: 'A signed record shows the printed name of the signer, date and time of signing, and what the signature means.',
        docket:
          'The statement that is signed holds the printed name, the server time with the zone of the signer, the gate, the role and the meaning; what is shown to the signer is made of the statement alone.',
        tested: true,
      },
      {
        id: '11.50(b)',
        asks: 'These are under the same controls as the record, and are part of every form of it that people read.',
        docket:
          'They are part of the signed statement and of the entry. The page and the printed record of an inspection pack show them.',
        tested: true,
      },
    ],
  },
  {
    id: '11.70',
    title: 'Signature and record linking',
    clauses: [
      {
        id: '11.70',
        asks: 'A signature is linked to its record, so that it cannot be cut out, copied or transferred to falsify another by ordinary means.',
        docket:
          'The statement holds the tenant, the work order, its version, and the hash of the whole record with its attachments and the head of its trail. A signature of another record, version, tenant, signer or meaning does not verify. A later change hides nothing: the signature is valid for the version that it names.',
        tested: true,
      },
    ],
  },
]

const general: Section = {
  id: '11.100',
  title: 'General requirements for electronic signatures',
  clauses: [
    {
      id: '11.100(a)',
      asks: 'A signature is unique to one individual, and is never reused by or reassigned to another.',
      docket:
        'A signing key belongs to one person, and the database refuses a key that is somebody’s already. It is never given on; who leaves is disabled, not deleted.',
      tested: true,
    },
    {
      id: '11.100(b)',
      asks: 'The identity of the individual is verified before a signature is established or certified.',
      docket:
        'A key signs nothing until a second person has confirmed who enrolled it, and with what evidence; only then does the tenant’s certificate authority certify it. Both are entries.',
      company: 'Say which evidence of identity is enough.',
      tested: true,
    },
    {
      id: '11.100(c)',
      asks: 'Whoever uses electronic signatures certifies to the agency that they are meant to be the binding equivalent of handwritten ones.',
      docket: 'Each signer attests it in Docket before the first signature, by version of the text.',
      company: 'Send the certification to the agency, signed by hand, before you rely on signatures.',
      tested: false,
    },
  ],
}

const components: Section = {
  id: '11.200',
  title: 'Components and controls of signatures',
  clauses: [
    {
      id: '11.200(a)',
      asks: 'Signatures not based on biometrics use two distinct components at least, are used by their genuine owners only, and cannot be used by anybody else without two people working together.',
      docket:
        'Every signing, also one of a series, takes two components: the password, and a key of one’s own, which is a passkey with user verification, or a key that opens with a signing passphrase and a secret of the server. Neither the database nor an administrator alone can sign for somebody. An intent is used once, within two minutes.',
      tested: true,
    },
    {
      id: '11.200(b)',
      asks: 'Signatures based on biometrics cannot be used by anyone but their genuine owners.',
      docket:
        'Docket has no signature by biometrics, and sees none: where an authenticator checks a finger or a face, it stays a component of 11.200(a).',
      tested: false,
    },
  ],
}

const codes: Section = {
  id: '11.300',
  title: 'Controls for identification codes and passwords',
  clauses: [
    {
      id: '11.300(a)',
      asks: 'No two individuals have the same combination of identification code and password.',
      docket:
        'A name is unique in its tenant, an address in the installation, a signing key and a passkey’s credential in its tenant.',
      tested: true,
    },
    {
      id: '11.300(b)',
      asks: 'Codes and passwords are periodically checked, recalled or revised.',
      docket: 'Keys can be given an end; keys and access are listed and revoked at once.',
      company: 'Review who has access, at the interval that your procedures set.',
      tested: true,
    },
    {
      id: '11.300(c)',
      asks: 'A lost, stolen or compromised token or device is deauthorized, and replaced under control.',
      docket:
        'Its owner or an administrator revokes a key at once and for good, with a reason; a new one needs the confirmation by a second person again. Signatures made before stay valid, and are shown with the revocation.',
      tested: true,
    },
    {
      id: '11.300(d)',
      asks: 'Safeguards prevent unauthorized use, and attempts are detected and reported at once to the security unit and, as appropriate, to management.',
      docket:
        'Five wrong attempts in fifteen minutes lock signing for that person, which survives a restart and is a finding with an owner and a day; each wrong attempt is an entry and an event. Guesses of a password are counted by address.',
      company: 'Let somebody receive the events, and act on them.',
      tested: true,
    },
    {
      id: '11.300(e)',
      asks: 'Devices that bear or generate codes are tested, first and periodically, to work and to be unaltered.',
      docket:
        'Each use of a passkey is a test: the signature, the flags and the counter are checked, and a counter that runs backwards is refused.',
      company: 'Test the authenticators that you hand out, and again at the interval that you set.',
      tested: false,
    },
  ],
}

export const part11: readonly Section[] = [
  closedSystems,
  openSystems,
  ...signatures,
  general,
  components,
  codes,
]

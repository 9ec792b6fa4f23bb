/** The templates that ship: files of the folder templates/, each the body of a template that is named as its file. */
import { readFileSync } from 'node:fs'
import { accept } from '#domain/refusal.ts'
import type { Decision } from '#domain/refusal.ts'
import type { Tx } from '#platform/tx.ts'
import { checkTemplate } from './expand.ts'
import { insertNew } from './operations.ts'
import { templateBody } from './schema.ts'
import { loadTemplate } from './store.ts'

export const shippedTemplates = ['win10-to-win11', 'hplc-calibration', 'excavator-service'] as const

/** Keeps those of them that the tenant does not have; one that it changed stays as it made it. */
export async function keepShipped(tx: Tx): Promise<Decision<undefined>> {
  for (const name of shippedTemplates) {
    if ((await loadTemplate(tx, name)) !== undefined) continue
    const text = readFileSync(new URL(`../../../templates/${name}.json`, import.meta.url), 'utf8')
    const body = templateBody.parse(JSON.parse(text))
    const flaw = checkTemplate(name, body, () => tx.newId())
    if (flaw !== undefined) throw new Error(`the template ${name} that ships is not sound: ${flaw.code}`)
    insertNew(tx, { name, body, retired: false }, 'as shipped')
  }
  return accept(undefined)
}

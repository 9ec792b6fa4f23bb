/** `npm run reference`: writes docs/reference from the code. A test fails when what is committed differs. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { pages } from './reference-pages.ts'

const folder = new URL('../docs/reference/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const [name, write] of Object.entries(pages)) writeFileSync(new URL(name, folder), write())
process.stdout.write(`docs/reference: ${Object.keys(pages).length} pages are written\n`)

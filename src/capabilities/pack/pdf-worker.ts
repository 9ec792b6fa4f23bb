/** The thread that prints: setting a page takes tens of milliseconds, in which the service would answer nobody. */
import { parentPort } from 'node:worker_threads'
import type { PrintDocument } from './document.ts'
import { toPdf } from './pdf.ts'

export type PrintOrder = { readonly id: number; readonly document: PrintDocument }
export type Printed =
  | { readonly id: number; readonly bytes: Uint8Array }
  | { readonly id: number; readonly fault: string }

const port = parentPort
port?.on('message', ({ id, document }: PrintOrder) => {
  toPdf(document).then(
    (bytes) => port.postMessage({ id, bytes } satisfies Printed),
    (error: Error) => port.postMessage({ id, fault: error.stack ?? error.message } satisfies Printed),
  )
})

/** PDFs from a thread of their own; whoever opens a printer closes it. */
import { Worker } from 'node:worker_threads'
import type { PrintDocument } from './document.ts'
import type { PrintOrder, Printed } from './pdf-worker.ts'

export type Printer = {
  print(document: PrintDocument): Promise<Buffer>
  close(): Promise<unknown>
}

type Waiting = { readonly resolve: (bytes: Buffer) => void; readonly reject: (error: Error) => void }

export function openPrinter(): Printer {
  const worker = new Worker(new URL('pdf-worker.ts', import.meta.url))
  const waiting = new Map<number, Waiting>()
  let count = 0
  let broken: Error | undefined
  const fail = (error: Error): void => {
    broken = error
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  worker.on('message', (printed: Printed) => {
    const one = waiting.get(printed.id)
    waiting.delete(printed.id)
    if ('bytes' in printed) one?.resolve(Buffer.from(printed.bytes))
    else one?.reject(new Error(`a page could not be printed: ${printed.fault}`))
  })
  worker.on('error', fail)
  worker.on('exit', () => fail(new Error('the thread that prints has ended')))
  return {
    print: (document) =>
      new Promise((resolve, reject) => {
        if (broken !== undefined) return reject(broken)
        count += 1
        waiting.set(count, { resolve, reject })
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        worker.postMessage({ id: count, document } satisfies PrintOrder)
      }),
    close: () => worker.terminate(),
  }
}

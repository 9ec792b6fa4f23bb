/**
 * Secrets for the command line. They are never arguments, which stand in the list of processes and in the
 * shell's history: a terminal is asked without echo; otherwise they are read from standard input, one a line.
 */
import { createInterface } from 'node:readline'
import type { Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { CommanderError } from 'commander'
import type { Operation } from '#platform/operation.ts'
import { inputShape } from './input-shape.ts'

/** Standard input, or what stands for it. */
export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean }

export type Asker = {
  /** One secret; `isNew` when it is chosen now: then a terminal is asked twice, as nobody sees what was typed. */
  ask(label: string, isNew?: boolean): Promise<string>
  close(): void
}

/** Nothing is read before the first question. `say` is where the questions go: not where answers are printed. */
export function openAsker(input: Input, say: (text: string) => void): Asker {
  let lines: Interface | undefined
  let next: AsyncIterator<string> | undefined
  let isTerminal = false
  const read = async (label: string): Promise<string> => {
    if (lines === undefined) {
      isTerminal = input.isTTY === true
      // What is typed goes to an output that shows nothing.
      const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
      lines = createInterface({ input, output: nowhere, terminal: isTerminal, historySize: 0 })
      next = lines[Symbol.asyncIterator]()
    }
    if (isTerminal) say(`${label}: `)
    const { value, done } = (await next?.next()) ?? { value: undefined, done: true }
    if (isTerminal) say('\n')
    if (done === true || typeof value !== 'string' || value === '')
      throw new CommanderError(
        2,
        'docket.secret',
        `no ${label.toLowerCase()} was given: type it on a terminal, or put it on a line of standard input`,
      )
    return value
  }
  return {
    async ask(label, isNew = false) {
      const value = await read(label)
      if (isNew && isTerminal && (await read(`${label}, once more`)) !== value)
        throw new CommanderError(2, 'docket.secret', 'that was not the same twice: nothing was done')
      return value
    },
    close: () => lines?.close(),
  }
}

type Given = { readonly [name: string]: unknown }

/** The secrets that this call needs, by their names in the input: those that must be there, and those whose option was given. */
export async function askSecrets(
  operation: Operation,
  given: Given,
  asker: Asker,
): Promise<{ [name: string]: string }> {
  const { properties, required = [] } = inputShape(operation)
  const asked = (operation.secret ?? []).filter((name) => required.includes(name) || given[name] === true)
  const secrets: { [name: string]: string } = {}
  try {
    for (const name of asked) {
      const words = name.replaceAll('_', ' ')
      // Only what is chosen now has a length that it must reach.
      const isNew = Number(properties[name]?.['minLength'] ?? 0) > 1
      secrets[name] = await asker.ask(`${words.charAt(0).toUpperCase()}${words.slice(1)}`, isNew)
    }
  } finally {
    asker.close()
  }
  return secrets
}

/** For the help: how secrets are given, and in which order. */
export function describeSecrets(names: readonly string[]): string {
  const words = names.map((name) => name.replaceAll('_', ' ')).join(', ')
  const one = names.length === 1
  return `\nThe ${words} ${one ? 'is' : 'are'} never ${one ? 'an argument' : 'arguments'}: a terminal is asked without echo, otherwise\n${one ? 'it is a line' : 'each is a line'} of standard input${one ? '' : ', in this order'}.`
}

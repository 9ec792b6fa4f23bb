/** The help of every command, as it is printed: for docs/reference/cli.md and for the contract's snapshot. */
import type { Command } from 'commander'
import { readConfig } from '#platform/config.ts'
import { buildCli } from '#edges/cli.ts'

export type Help = { readonly name: string; readonly text: string }

const width = 100

export function listHelp(): Help[] {
  const silent = { out: () => undefined, err: () => undefined }
  return walk(
    buildCli(() => readConfig({}), silent),
    '',
  )
}

function walk(command: Command, above: string): Help[] {
  const name = `${above} ${command.name()}`.trim()
  let text = ''
  command.configureOutput({
    writeOut: (part) => (text += part),
    getOutHelpWidth: () => width,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  return [{ name, text }, ...command.commands.flatMap((inner) => walk(inner, name))]
}

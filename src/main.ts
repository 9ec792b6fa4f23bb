#!/usr/bin/env node
/** Docket's one program: `serve`, `mcp`, the commands of the host, and a command for each operation. */
import { runCli } from '#edges/cli.ts'
import { openNeighbours } from './adapters/neighbours.ts'

// Whoever reads the answer may stop reading: `docket … | head` ends quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})
const streams = {
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
}
process.exitCode = await runCli(process.argv.slice(2), process.env, streams, openNeighbours)

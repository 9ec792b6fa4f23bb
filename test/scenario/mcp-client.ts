/** The official MCP client, as a fleet member holds it: over HTTP or stdio, in the protocol's two eras. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Tool, Transport } from '@modelcontextprotocol/client'
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import type { Json } from '../fixture.ts'

export type Era = 'current' | '2025'
/** The revision that a client of each era ends up speaking. */
export const revisions: { readonly [E in Era]: string } = { current: '2026-07-28', '2025': '2025-11-25' }

export type ToolAnswer = { readonly refused: boolean; readonly body: Json; readonly text: string }
export type McpClient = {
  readonly revision: string | undefined
  readonly era: string | undefined
  call(tool: string, args?: Record<string, unknown>): Promise<ToolAnswer>
  tools(): Promise<Tool[]>
  close(): Promise<void>
}

export const openMcp = (url: string, key: string, era: Era = 'current'): Promise<McpClient> =>
  connectClient(
    new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${key}` } },
    }),
    era,
  )

/** Spawns `docket mcp` for one principal, on a database of yours. */
export async function openMcpStdio(databaseUrl: string, key: string, era: Era): Promise<McpClient> {
  const data = mkdtempSync(join(tmpdir(), 'docket-mcp-'))
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [fileURLToPath(new URL('../../src/main.ts', import.meta.url)), 'mcp'],
    env: { ...getDefaultEnvironment(), DATABASE_URL: databaseUrl, DOCKET_DATA: data, DOCKET_KEY: key },
    stderr: 'inherit',
  })
  const client = await connectClient(transport, era)
  return {
    ...client,
    async close() {
      await client.close()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

async function connectClient(transport: Transport, era: Era): Promise<McpClient> {
  const mode = era === 'current' ? { pin: revisions.current } : ('legacy' as const)
  const client = new Client({ name: 'a-fleet-member', version: '1.0.0' }, { versionNegotiation: { mode } })
  await client.connect(transport)
  return {
    revision: client.getNegotiatedProtocolVersion(),
    era: client.getProtocolEra(),
    async call(tool, args = {}) {
      const result = await client.callTool({ name: tool, arguments: args })
      const [first] = result.content
      return {
        refused: result.isError === true,
        body: result.structuredContent,
        text: first?.type === 'text' ? first.text : '',
      }
    },
    tools: async () => (await client.listTools()).tools,
    close: () => client.close(),
  }
}

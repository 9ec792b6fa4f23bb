/**
 * Any list as CSV or NDJSON: ask with `Accept: text/csv` or `application/x-ndjson` and the whole list is
 * streamed, page after page. A CSV cell that a spreadsheet would run as a formula is kept text by a quote.
 */
import { Readable } from 'node:stream'
import { stringify } from 'csv-stringify/sync'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '#domain/principal.ts'
import type { Operation } from '#platform/operation.ts'
import { perform } from '#platform/perform.ts'
import type { Service } from '#platform/service.ts'
import { sendRefusal } from './http-reply.ts'
import { assembleInput } from './http-request.ts'
import { inputShape, toJsonSchema } from './input-shape.ts'

export type ExportFormat = 'csv' | 'ndjson'
type Page = {
  readonly data: readonly { readonly [name: string]: unknown }[]
  readonly next_cursor: string | null
}

export function exportFormat(operation: Operation, request: FastifyRequest): ExportFormat | undefined {
  const accepted = request.headers.accept ?? ''
  if (operation.mutates || !operation.name.endsWith('.list')) return undefined
  if (accepted.includes('text/csv')) return 'csv'
  return accepted.includes('application/x-ndjson') ? 'ndjson' : undefined
}

export async function sendExport(
  service: Service,
  operation: Operation,
  actor: Actor,
  request: FastifyRequest,
  reply: FastifyReply,
  format: ExportFormat,
): Promise<FastifyReply> {
  const input = assembleInput(operation, request, {}) as { cursor?: string; limit?: unknown }
  const pages = 'limit' in inputShape(operation).properties
  const read = (cursor: string | undefined) =>
    perform(
      service.floor,
      operation,
      actor,
      { ...input, ...(pages ? { limit: 200 } : {}), ...(cursor === undefined ? {} : { cursor }) },
      { requestId: request.id },
    )
  const first = await read(input.cursor)
  if (!first.ok) return sendRefusal(reply, first.refusal)
  async function* rows(): AsyncGenerator<Page> {
    let page = (first.ok ? first.value.output : undefined) as Page | undefined
    while (page !== undefined) {
      yield page
      const next: string | null = page.data.length === 0 ? null : page.next_cursor
      if (next === null) return
      const decision = await read(next)
      // The stream has begun: breaking it off is the only way left to say that it is not whole.
      if (!decision.ok) throw new Error(`export broke off: ${decision.refusal.code}`)
      page = decision.value.output as Page
    }
  }
  const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson; charset=utf-8'
  return reply
    .header('content-type', type)
    .send(Readable.from(format === 'csv' ? toCsv(columnsOf(operation), rows()) : toNdjson(rows())))
}

/** The members of a row, so that an empty list has its header too. */
function columnsOf(operation: Operation): string[] {
  const { properties } = toJsonSchema(operation.output, 'output') as {
    properties: { data: { items: { properties: object } } }
  }
  return Object.keys(properties.data.items.properties)
}

async function* toNdjson(pages: AsyncIterable<Page>): AsyncGenerator<string> {
  for await (const page of pages) yield page.data.map((row) => `${JSON.stringify(row)}\n`).join('')
}

async function* toCsv(columns: readonly string[], pages: AsyncIterable<Page>): AsyncGenerator<string> {
  yield stringify([columns])
  for await (const page of pages) {
    yield stringify(
      page.data.map((row) => columns.map((name) => toCell(row[name]))),
      { escape_formulas: true },
    )
  }
}

function toCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? value.join(', ')
    : JSON.stringify(value)
}

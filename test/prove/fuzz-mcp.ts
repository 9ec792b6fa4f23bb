/** Tools over MCP: arguments, envelopes, headers and bodies. */
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { offeredTools, toolShape } from '#edges/mcp.ts'
import { applyChanges, change, goodInput } from './fuzz-change.ts'
import { bodyFault, headerFault, spoil } from './fuzz-fault.ts'
import { nasty } from './fuzz-nasty.ts'
import { basics, fleetSender, sender, some, toRequest } from './fuzz-request.ts'
import type { Shot } from './fuzz-request.ts'

const fleetTools = offeredTools.filter((tool) => tool.fleet !== undefined)

export const mcp: Arbitrary<Shot> = fc
  .constantFrom(...offeredTools, ...fleetTools, ...fleetTools)
  .chain((tool) =>
    fc
      .record({
        principal: tool.fleet === undefined ? sender : fleetSender,
        input: goodInput(tool.operation.name, { properties: {}, ...toolShape(tool), type: 'object' }),
        extra: fc.oneof(
          { weight: 6, arbitrary: fc.constant({}) },
          { weight: 1, arbitrary: fc.record({ idempotency_key: nasty }) },
          { weight: 1, arbitrary: fc.record({ if_version: nasty }) },
        ),
        changes: some(change, 3, 0.6),
        envelope: some(change, 2, 0.15),
        headers: some(headerFault, 1, 0.1),
        body: some(bodyFault, 1, 0.05),
      })
      .map(({ principal, input, extra, changes, envelope, headers, body }): Shot => ({
        about: `mcp ${tool.name}`,
        operation: undefined,
        principal,
        isWhole: true,
        isMcp: true,
        toBytes(fill) {
          const args = applyChanges({ ...input, ...extra }, changes)
          const call = {
            jsonrpc: '2.0',
            id: 1,
            method: 'tools/call',
            params: { name: tool.name, arguments: args },
          }
          const text = Buffer.from(JSON.stringify(fill.value(applyChanges(call, envelope))) ?? '')
          return toRequest({
            method: 'POST',
            path: '/mcp',
            headers: [
              ...basics(fill),
              ['accept', 'application/json, text/event-stream'],
              ['content-type', 'application/json'],
              ...headers,
            ],
            body: body.reduce<Buffer | undefined>((spoilt, fault) => spoil(spoilt, fault), text),
            spoilLine: undefined,
          })
        },
      })),
  )

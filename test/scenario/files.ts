/** Attaching a file over REST, as a browser would. */
import assert from 'node:assert/strict'
import type { Fixture } from '../fixture.ts'

/** The id of the file. */
export async function attach(
  fixture: Fixture,
  who: string,
  workOrder: string,
  name: string,
): Promise<string> {
  const form = new FormData()
  form.append('file', new Blob([`what ${name} shows`], { type: 'text/plain' }), name)
  const response = await fetch(`${fixture.url}/v1/work-orders/${workOrder}/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${fixture.keyOf(who)}` },
    body: form,
  })
  const text = await response.text()
  assert.equal(response.status, 201, text)
  return (JSON.parse(text) as { id: string }).id
}

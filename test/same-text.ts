/** Compares long texts; a difference is told by its first line, not by both texts whole. */
import assert from 'node:assert/strict'

export function assertSameText(actual: string, expected: string, hint: string): void {
  if (actual === expected) return
  const now = actual.split('\n')
  const then = expected.split('\n')
  const at = now.findIndex((line, i) => line !== then[i])
  const line = at === -1 ? now.length : at
  assert.fail(
    `${hint}\nline ${line + 1} is\n  ${now[line] ?? '(nothing)'}\nand was\n  ${then[line] ?? '(nothing)'}`,
  )
}

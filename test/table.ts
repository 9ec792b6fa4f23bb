/** Reads a table drawn in a template literal; one line is one case. See docs/testing.md. */
export function table(strings: TemplateStringsArray): Record<string, string>[] {
  const lines = (strings[0] ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const rows = lines.map((line) => line.split('|').map((cell) => cell.trim()))
  const [head = [], ...body] = rows
  return body.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i] ?? ''])))
}

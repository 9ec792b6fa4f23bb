/**
 * One cell of an imported file: the instant that it names, whether a spreadsheet would run it, and how it is
 * shown in a report. Nothing is guessed: what does not fit exactly is not read.
 */

/** Every token once at most and the day whole; `YYYY`, `MM`, `DD`, `HH`, `mm`, `ss` and what stands between. */
export function isDateFormat(format: string): boolean {
  const rest = format.replace(/YYYY|MM|DD|HH|mm|ss/g, '')
  const tokens: readonly string[] = format.match(/YYYY|MM|DD|HH|mm|ss/g) ?? []
  const whole = ['YYYY', 'MM', 'DD'].every((token) => tokens.includes(token))
  return whole && new Set(tokens).size === tokens.length && /^[-/. :T]*$/.test(rest) && format.length <= 30
}

/** The instant (UTC) that a cell of this format names, as the database gives it back; undefined when it is none. */
export function parseCellDate(format: string, cell: string): string | undefined {
  if (cell.length !== format.length) return undefined
  for (let i = 0; i < format.length; i += 1) {
    const digit = /[YMDHms]/.test(format[i] ?? '')
    if (digit ? !/\d/.test(cell[i] ?? '') : cell[i] !== format[i]) return undefined
  }
  const part = (token: string): string => {
    const at = format.indexOf(token)
    return at === -1 ? '00' : cell.slice(at, at + token.length)
  }
  const year = part('YYYY')
  const instant = `${year}-${part('MM')}-${part('DD')}T${part('HH')}:${part('mm')}:${part('ss')}`
  const date = new Date(`${instant}Z`)
  // February 30 would roll over into March: it must come back as it went in.
  const exists = !Number.isNaN(date.getTime()) && date.toISOString() === `${instant}.000Z`
  return exists && year >= '1900' && year < '2200' ? `${instant}Z` : undefined
}

const plainNumber = /^[+-]?\d[\d.,]*%?$/
const plainWords = /^[\p{L}\p{N}][\p{L}\p{N} ,./&_-]*$/u

/** Why this cell may not go where a spreadsheet could open it; undefined when it may. */
export function formulaProblem(cell: string, marks: string): string | undefined {
  const first = /^[\t\r]|^\s*[=+\-@＝＋－＠]/u.exec(cell)?.[0].at(-1)
  if (first === undefined || plainNumber.test(cell.trim()) || /^[-+\s]+$/.test(cell)) return undefined
  if (marks.includes(first) && plainWords.test(cell.trim().slice(1))) return undefined
  const hint = /[+\-@]/.test(first)
    ? `; if the mark only stands before plain words in this column, let the mapping say "may_begin_with": "${first}"`
    : ''
  return `begins with ${quote(first)}, which a spreadsheet would run as a formula: ${quote(cell)}${hint}`
}

/** A cell as it can be shown on one line of a terminal: short, quoted, nothing in it acts. */
export function quote(cell: string | undefined): string {
  const start = (cell ?? '').slice(0, 40).toWellFormed()
  const shown = JSON.stringify(start).replace(
    /[\p{Cc}\p{Cf}]/gu,
    (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`,
  )
  return `${shown}${(cell ?? '').length > 40 ? '…' : ''}`
}

export const count = (n: number): string => n.toLocaleString('en-US')

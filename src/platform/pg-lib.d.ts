/** The two parts of pg that a `Submittable` of our own needs, and that its types leave out. */
declare module 'pg/lib/result.js' {
  // oxlint-disable-next-line import/no-default-export -- pg exports it so
  export default class Result {
    constructor(rowMode: string | undefined, types: unknown)
    rows: unknown[]
    rowCount: number | null
    addFields(fields: unknown[]): void
    addRow(row: unknown): void
    parseRow(fields: unknown[]): unknown
    addCommandComplete(message: unknown): void
  }
}
declare module 'pg/lib/utils.js' {
  export function prepareValue(value: unknown): unknown
}

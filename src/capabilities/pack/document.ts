/**
 * What a printed page holds, whatever it is printed with: the page in HTML and the PDF are made from the same
 * document, so that neither says more or less than the other.
 */
export type Cell = string | { readonly text: string; readonly href?: string; readonly mono?: true }
export type Field = readonly [label: string, value: Cell]

export type Block =
  | { readonly kind: 'fields'; readonly fields: readonly Field[] }
  | { readonly kind: 'text'; readonly label: string; readonly text: string }
  | { readonly kind: 'steps'; readonly steps: readonly string[] }
  | {
      readonly kind: 'seal'
      readonly heading: string
      readonly line: string
      readonly stands: boolean
      readonly fields: readonly Field[]
    }
  | {
      readonly kind: 'table'
      readonly head: readonly string[]
      /** Shares of the page's width, one for each column. */
      readonly widths: readonly number[]
      readonly rows: readonly (readonly Cell[])[]
    }

export type Section = {
  readonly title: string
  readonly note?: string
  readonly blocks: readonly Block[]
}

export type PrintDocument = {
  readonly name: string
  readonly title: string
  readonly tenant: string
  /** What must strike the eye: `Regulatory record`, or nothing. */
  readonly mark: string | null
  /** Two or three words beside the name, such as the status and the version. */
  readonly tokens: readonly string[]
  readonly sections: readonly Section[]
  /** Stands on every page: what the document was made from. */
  readonly foot: string
  /** RFC 3339; the PDF carries it as its time of creation. */
  readonly madeAt: string
  /** Where the page in HTML leads back to. */
  readonly up: string | null
}

export const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text)
export const mono = (text: string): Cell => ({ text, mono: true })

/** Nothing is shown as a dash, so that an empty field is seen to be empty. */
export const nothing = '—'

/** The part of pdfkit that is used here; the package comes without types. */
declare module 'pdfkit' {
  import type { Readable } from 'node:stream'
  import type { Font } from 'fontkit'

  type TextOptions = {
    readonly lineBreak?: boolean
    readonly link?: string
    readonly features?: readonly string[]
  }
  type Page = {
    readonly width: number
    readonly height: number
    readonly margins: { bottom: number }
  }
  type Options = {
    readonly size: string
    readonly font: null
    readonly margin: number
    readonly bufferPages: boolean
    readonly autoFirstPage: boolean
    readonly pdfVersion: string
    readonly subset?: string
    readonly lang: string
    readonly displayTitle: boolean
    readonly info: { readonly [name: string]: string | Date }
  }
  export class PDFDocument extends Readable {
    constructor(options: Options)
    readonly page: Page
    registerFont(name: string, font: Font): this
    font(name: string): this
    fontSize(size: number): this
    fillColor(color: string): this
    strokeColor(color: string): this
    lineWidth(width: number): this
    widthOfString(text: string, options?: TextOptions): number
    text(text: string, x: number, y: number, options: TextOptions): this
    moveTo(x: number, y: number): this
    lineTo(x: number, y: number): this
    rect(x: number, y: number, width: number, height: number): this
    stroke(): this
    fill(): this
    addPage(): this
    switchToPage(index: number): this
    bufferedPageRange(): { readonly start: number; readonly count: number }
    end(): void
  }
}

declare module 'fontkit' {
  export type Font = { hasGlyphForCodePoint(codePoint: number): boolean }
  export function create(bytes: Buffer, family?: string): Font
}

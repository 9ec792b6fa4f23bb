/**
 * Text of any script as lines of a PDF. The standard fonts of PDF know Latin only, so each character is set in
 * the first font that has it; one that none has is printed as its code, never left out.
 */
import { readFileSync } from 'node:fs'
import { create } from 'fontkit'
import type { Font } from 'fontkit'
import type { PDFDocument } from 'pdfkit'

export type FontName = 'regular' | 'bold' | 'mono'
export type Style = { readonly font: FontName; readonly size: number; readonly color: string }
type Run = { readonly font: string; readonly text: string; readonly width: number }
export type Line = readonly Run[]

const folder = new URL('../../../assets/fonts/', import.meta.url)
const files: { readonly [name: string]: readonly [file: string, family?: string] } = {
  regular: ['LiberationSans-Regular.ttf'],
  bold: ['LiberationSans-Bold.ttf'],
  mono: ['LiberationMono-Regular.ttf'],
  wide: ['wqy-microhei.ttc', 'WenQuanYiMicroHei'],
}

/** Read once and used for every document: reading the tables of a font takes longer than setting a page. */
const loaded = new Map<string, Font>()

function load(name: string): Font {
  const known = loaded.get(name)
  if (known !== undefined) return known
  const [file = '', family] = files[name] ?? []
  const font = create(readFileSync(new URL(file, folder)), family)
  loaded.set(name, font)
  return font
}

export type Typesetter = {
  readonly lines: (text: string, width: number, style: Style) => Line[]
  readonly draw: (line: Line, x: number, y: number, style: Style, link?: string) => void
}

export function openTypesetter(pdf: PDFDocument): Typesetter {
  const registered = new Set<string>()
  const use = (font: string, size: number): void => {
    if (!registered.has(font)) {
      pdf.registerFont(font, load(font))
      registered.add(font)
    }
    pdf.font(font).fontSize(size)
  }
  const measure = (font: string, text: string, size: number): number => {
    use(font, size)
    return pdf.widthOfString(text)
  }
  return {
    lines: (text, width, style) =>
      text.split('\n').flatMap((paragraph) => breakLines(paragraph, width, style, measure)),
    draw(line, x, y, style, link) {
      let at = x
      for (const run of line) {
        use(run.font, style.size)
        const options = link === undefined ? { lineBreak: false } : { lineBreak: false, link }
        // The fonts differ in how far their letters reach up: all stand on one line.
        const lift = run.font === 'wide' ? style.size * 0.03 : 0
        pdf.fillColor(style.color).text(run.text, at, y - lift, options)
        at += run.width
      }
    },
  }
}

type Measure = (font: string, text: string, size: number) => number
type Piece = { readonly font: string; readonly text: string }

/** Fills line after line; breaks between words, between characters of scripts without spaces, and inside what is too long. */
function breakLines(paragraph: string, width: number, style: Style, measure: Measure): Line[] {
  const lines: Run[][] = []
  let line: Run[] = []
  let used = 0
  const put = (piece: Piece, pieceWidth: number): void => {
    const last = line.at(-1)
    if (last?.font === piece.font)
      line.splice(-1, 1, { font: last.font, text: last.text + piece.text, width: last.width + pieceWidth })
    else line.push({ ...piece, width: pieceWidth })
    used += pieceWidth
  }
  const turn = (): void => {
    lines.push(line)
    line = []
    used = 0
  }
  for (const word of toWords(paragraph)) {
    const pieces = toPieces(word, style.font)
    const widths = pieces.map((piece) => measure(piece.font, piece.text, style.size))
    const whole = widths.reduce((sum, one) => sum + one, 0)
    if (used > 0 && used + whole > width) {
      turn()
      if (word.trim() === '') continue
    }
    if (whole <= width) {
      pieces.forEach((piece, i) => put(piece, widths[i] ?? 0))
      continue
    }
    for (const { font, text } of pieces)
      for (const character of text) {
        const one = measure(font, character, style.size)
        if (used > 0 && used + one > width) turn()
        put({ font, text: character }, one)
      }
  }
  turn()
  return lines
}

const wordsOf = new Intl.Segmenter('und', { granularity: 'word' })
/** Words, and the spaces between them; what belongs to a word (a dot, a dash) stays with it. */
function toWords(paragraph: string): string[] {
  const words: string[] = []
  for (const part of paragraph.match(/\s+|\S+/g) ?? []) {
    if (/[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\u{20000}-\u{3ffff}]/u.test(part))
      words.push(...[...wordsOf.segment(part)].map(({ segment }) => segment))
    else words.push(part)
  }
  return words
}

/** Runs of one font. A tab is a space; other control characters are shown by their code like what no font has. */
function toPieces(text: string, font: FontName): Piece[] {
  const pieces: Piece[] = []
  const add = (name: string, shown: string): void => {
    const last = pieces.at(-1)
    if (last?.font === name) pieces.splice(-1, 1, { font: name, text: last.text + shown })
    else pieces.push({ font: name, text: shown })
  }
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (character === '\t') add(font, ' ')
    else if (code >= 0x20 && load(font).hasGlyphForCodePoint(code)) add(font, character)
    else if (code >= 0x20 && load('wide').hasGlyphForCodePoint(code)) add('wide', character)
    else if (!/[\p{Variation_Selector}\u200d]/u.test(character))
      add(font, `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`)
  }
  return pieces
}

/**
 * The text of a PDF as a reader would copy it, page after page: content streams are inflated and glyphs turned into
 * characters by each font's own ToUnicode map. Reads what pdfkit writes, and no other kind of PDF.
 */
import { inflateSync } from 'node:zlib'

type PdfObject = { readonly dictionary: string; readonly stream: Buffer | undefined }

function readObjects(pdf: Buffer): Map<number, PdfObject> {
  const text = pdf.toString('latin1')
  const objects = new Map<number, PdfObject>()
  for (const match of text.matchAll(/^(\d+) 0 obj\n([\s\S]*?)(?=\nstream\n|\nendobj)/gm)) {
    const [head, id = '', dictionary = ''] = match
    const begin = match.index + head.length
    const length = Number(/\/Length (\d+)/.exec(dictionary)?.[1] ?? 0)
    const at = begin + '\nstream\n'.length
    const raw = text.startsWith('\nstream\n', begin) ? pdf.subarray(at, at + length) : undefined
    const stream = raw !== undefined && dictionary.includes('FlateDecode') ? inflateSync(raw) : raw
    objects.set(Number(id), { dictionary, stream })
  }
  return objects
}

const refOf = (dictionary: string, name: string): number =>
  Number(new RegExp(`/${name} (\\d+) 0 R`).exec(dictionary)?.[1] ?? Number.NaN)

const decode = (hex: string): string => Buffer.from(hex, 'hex').swap16().toString('utf16le')

/** Glyph to characters: ranges of `<from> <to> [<utf-16> …]`, or `<from> <to> <utf-16>`. */
function readToUnicode(map: string): Map<number, string> {
  const characters = new Map<number, string>()
  for (const [, from = '', list = ''] of map.matchAll(/<([0-9a-f]+)> <[0-9a-f]+> \[([^\]]*)\]/gi))
    [...list.matchAll(/<([0-9a-f]*)>/gi)].forEach(([, hex = ''], i) =>
      characters.set(Number.parseInt(from, 16) + i, decode(hex)),
    )
  return characters
}

export function readPdf(pdf: Buffer): string {
  const objects = readObjects(pdf)
  const lookUp = (id: number): PdfObject => objects.get(id) ?? { dictionary: '', stream: undefined }
  const fonts = new Map<number, Map<number, string>>()
  const fontOf = (id: number): Map<number, string> => {
    const known = fonts.get(id)
    if (known !== undefined) return known
    const map = lookUp(refOf(lookUp(id).dictionary, 'ToUnicode')).stream?.toString('latin1') ?? ''
    const read = readToUnicode(map)
    fonts.set(id, read)
    return read
  }
  return [...objects.values()]
    .filter(({ dictionary }) => /\/Type \/Page\b/.test(dictionary))
    .map(({ dictionary }) => {
      const inPlace = lookUp(refOf(dictionary, 'Resources')).dictionary
      const content = lookUp(refOf(dictionary, 'Contents')).stream?.toString('latin1') ?? ''
      const names = new Map(
        [...inPlace.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name = '', id]) => [name, Number(id)]),
      )
      return readContent(content, (name) => fontOf(names.get(name) ?? 0))
    })
    .join('\n')
}

function readContent(content: string, fontOf: (name: string) => Map<number, string>): string {
  let font = new Map<number, string>()
  let text = ''
  for (const [, name, shown] of content.matchAll(/\/(F\d+) [\d.]+ Tf|\[([^\]]*)\] TJ/g)) {
    if (name !== undefined) font = fontOf(name)
    else if (shown !== undefined)
      for (const [, hex = ''] of shown.matchAll(/<([0-9a-f]*)>/gi))
        for (const [glyph] of hex.matchAll(/.{4}/g)) text += font.get(Number.parseInt(glyph, 16)) ?? '�'
  }
  return text
}

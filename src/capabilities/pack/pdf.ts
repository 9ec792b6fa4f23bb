/**
 * A document as a PDF: text that can be selected and searched, every font embedded, and on every page which of how
 * many it is and what it was made from. Colours and order are those of the page in HTML.
 */
import { buffer } from 'node:stream/consumers'
import { PDFDocument } from 'pdfkit'
import { textOf } from './document.ts'
import type { Block, Cell, Field, PrintDocument, Section } from './document.ts'
import { openTypesetter } from './pdf-text.ts'
import type { Line, Style, Typesetter } from './pdf-text.ts'

const ink = '#1a2129'
const soft = '#5b6470'
const rule = '#d7dce1'
const marked = '#8a3b12'
const sealed = '#1d5c4a'

const plain: Style = { font: 'regular', size: 9, color: ink }
const faint: Style = { ...plain, color: soft }
const strong: Style = { ...plain, font: 'bold' }
const small: Style = { ...plain, size: 7.5 }
const margin = 46
const footHeight = 34

type Page = {
  readonly pdf: PDFDocument
  readonly set: Typesetter
  readonly width: number
  y: number
}

export function toPdf(document: PrintDocument): Promise<Buffer> {
  const pdf = new PDFDocument({
    size: 'A4',
    // Every font is one of ours; the one that pdfkit begins with is not embedded.
    font: null,
    margin,
    bufferPages: true,
    autoFirstPage: true,
    pdfVersion: '1.7',
    subset: 'PDF/A-2b',
    lang: 'en',
    displayTitle: true,
    info: {
      Title: `${document.name} – ${document.title}`,
      Author: document.tenant,
      Creator: 'Docket',
      CreationDate: new Date(document.madeAt),
      ModDate: new Date(document.madeAt),
    },
  })
  // Nothing may flow to another page by itself: this file says where a page ends.
  pdf.page.margins.bottom = 0
  const page: Page = { pdf, set: openTypesetter(pdf), width: pdf.page.width - 2 * margin, y: margin }
  drawHead(page, document)
  for (const section of document.sections) drawSection(page, section)
  drawFeet(page, document)
  pdf.end()
  return buffer(pdf)
}

const leading = ({ size }: Style): number => size * 1.38

const fits = (page: Page, height: number): boolean =>
  page.y + height <= page.pdf.page.height - margin - footHeight + 12

/** Goes to a new page when there is no room for that much. */
function need(page: Page, height: number): boolean {
  if (fits(page, height)) return false
  page.pdf.addPage()
  page.pdf.page.margins.bottom = 0
  page.y = margin
  return true
}

function drawRule(page: Page, color: string, thickness: number, x = margin, width = page.width): void {
  page.pdf
    .lineWidth(thickness)
    .strokeColor(color)
    .moveTo(x, page.y)
    .lineTo(x + width, page.y)
    .stroke()
}

/** Text over the width, from the left edge or further in. */
function drawText(page: Page, text: string, style: Style, indent = 0): void {
  for (const line of page.set.lines(text, page.width - indent, style)) {
    need(page, leading(style))
    page.set.draw(line, margin + indent, page.y, style)
    page.y += leading(style)
  }
}

function drawHead(page: Page, document: PrintDocument): void {
  drawText(page, document.tenant, faint)
  page.y += 2
  const tokens = document.tokens.join('  ·  ')
  drawText(page, `${document.name}   ${tokens}`, strong)
  if (document.mark !== null) drawText(page, document.mark, { ...strong, color: marked })
  page.y += 2
  drawText(page, document.title, { ...strong, size: 16 })
  page.y += 6
  drawRule(page, ink, 1.2)
  page.y += 8
}

function drawSection(page: Page, { title, note, blocks }: Section): void {
  page.y += 10
  need(page, 60)
  drawText(page, title, { ...strong, size: 11.5 })
  page.y += 2
  if (note !== undefined) {
    drawText(page, note, { ...faint, size: 8 })
    page.y += 3
  }
  for (const block of blocks) drawBlock(page, block)
}

function drawBlock(page: Page, block: Block): void {
  switch (block.kind) {
    case 'fields':
      drawPairs(page, block.fields)
      return
    case 'text':
      page.y += 5
      need(page, 30)
      drawText(page, block.label, strong)
      drawText(page, block.text, plain)
      return
    case 'steps':
      block.steps.forEach((step, i) => {
        need(page, leading(plain))
        page.set.draw(page.set.lines(`${i + 1}.`, 20, plain)[0] ?? [], margin, page.y, plain)
        drawText(page, step, plain, 18)
      })
      return
    case 'seal':
      drawSeal(page, block)
      return
    case 'table':
      drawTable(page, block)
  }
}

function drawSeal(page: Page, seal: Extract<Block, { kind: 'seal' }>): void {
  const height = heightOfFields(page, seal.fields, small, 10) + 46
  page.y += 6
  need(page, Math.min(height, 500))
  drawRule(page, seal.stands ? sealed : soft, 2)
  page.y += 7
  drawText(page, seal.heading, { ...strong, size: 10.5 }, 10)
  drawText(page, seal.line, plain, 10)
  page.y += 3
  drawFields(page, seal.fields, small, 10)
  page.y += 4
}

const labelWidth = 108

type Row = { readonly columns: readonly Column[]; readonly height: number }
type Column = {
  readonly x: number
  readonly style: Style
  readonly lines: readonly Line[]
  readonly link?: string
}

function toRow(page: Page, cells: readonly (readonly [Cell, x: number, width: number, Style])[]): Row {
  const columns = cells.map(([cell, x, width, given]): Column => {
    const isMono = typeof cell !== 'string' && cell.mono === true
    const style: Style = isMono ? { ...given, font: 'mono', size: given.size * 0.9 } : given
    return { x, style, lines: page.set.lines(textOf(cell), width, style) }
  })
  return {
    columns,
    height: Math.max(...columns.map(({ lines, style }) => lines.length * leading(style))) + 5,
  }
}

/** A row that is high goes on over the end of a page, line by line; a low one is kept together. */
const lowRow = 120

function drawRow(page: Page, row: Row, onNewPage: () => void): void {
  if (need(page, Math.min(row.height, lowRow))) onNewPage()
  const isWhole = fits(page, row.height)
  page.y += 2.5
  const most = Math.max(...row.columns.map(({ lines }) => lines.length))
  const step = Math.max(...row.columns.map(({ style }) => leading(style)))
  const begin = page.y
  if (isWhole) {
    for (const { x, style, lines } of row.columns)
      lines.forEach((line, i) => page.set.draw(line, x, begin + i * leading(style), style))
    page.y = begin + row.height - 2.5
  } else {
    for (let i = 0; i < most; i += 1) {
      if (need(page, step)) onNewPage()
      for (const { x, style, lines } of row.columns) page.set.draw(lines[i] ?? [], x, page.y, style)
      page.y += step
    }
    page.y += 2.5
  }
  drawRule(page, rule, 0.5)
}

const toFieldRow = (page: Page, [label, value]: Field, style: Style, indent: number): Row =>
  toRow(page, [
    [label, margin + indent, labelWidth - 8, { ...style, color: soft }],
    [value, margin + indent + labelWidth, page.width - indent - labelWidth, style],
  ])

/** Two fields beside each other, as the page in HTML has them. */
function drawPairs(page: Page, fields: readonly Field[]): void {
  const half = page.width / 2
  const gap = 12
  for (let i = 0; i < fields.length; i += 2) {
    const cells = fields.slice(i, i + 2).flatMap(([label, value], side) => {
      const x = margin + side * (half + gap / 2)
      return [
        [label, x, labelWidth - 8, { ...plain, color: soft }],
        [value, x + labelWidth - 12, half - labelWidth + 12 - gap / 2, plain],
      ] as const
    })
    drawRow(page, toRow(page, cells), () => undefined)
  }
}

const heightOfFields = (page: Page, fields: readonly Field[], style: Style, indent: number): number =>
  fields.reduce((sum, field) => sum + toFieldRow(page, field, style, indent).height, 0)

function drawFields(page: Page, fields: readonly Field[], style: Style, indent: number): void {
  for (const field of fields) drawRow(page, toFieldRow(page, field, style, indent), () => undefined)
}

function drawTable(page: Page, { head, widths, rows }: Extract<Block, { kind: 'table' }>): void {
  const sum = widths.reduce((total, width) => total + width, 0)
  const place = (cells: readonly Cell[], style: Style): Row => {
    let x = margin
    return toRow(
      page,
      cells.map((cell, i) => {
        const width = (page.width * (widths[i] ?? 0)) / sum
        x += width
        return [cell, x - width, width - 8, style] as const
      }),
    )
  }
  const drawTitles = (): void => {
    drawRow(page, place(head, { ...small, font: 'bold', color: soft }), () => undefined)
    drawRule(page, ink, 0.7)
  }
  page.y += 2
  drawTitles()
  for (const row of rows) drawRow(page, place(row, small), drawTitles)
}

function drawFeet(page: Page, { foot }: PrintDocument): void {
  const { start, count } = page.pdf.bufferedPageRange()
  const style: Style = { ...faint, size: 6.5 }
  for (let i = start; i < start + count; i += 1) {
    page.pdf.switchToPage(i)
    page.y = page.pdf.page.height - margin - 6
    drawRule(page, rule, 0.5)
    page.y += 5
    const number = page.set.lines(`page ${i - start + 1} of ${count}`, 100, { ...faint, size: 8 })[0] ?? []
    const width = number.reduce((sum, run) => sum + run.width, 0)
    page.set.lines(foot, page.width - width - 20, style).forEach((line, at) => {
      page.set.draw(line, margin, page.y + at * leading(style), style)
    })
    page.set.draw(number, margin + page.width - width, page.y, { ...faint, size: 8 })
  }
}

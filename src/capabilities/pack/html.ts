/**
 * A document as one page of HTML that needs nothing beside itself: no script, no font, no picture. Every text is
 * escaped, and the page's own policy allows nothing but its style.
 */
import { textOf } from './document.ts'
import type { Block, Cell, Field, PrintDocument, Section } from './document.ts'

const escapes: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
/** For text and for attributes in double quotes. Control characters have no place in HTML and are shown as such. */
const escapeHtml = (text: string): string =>
  text
    .replace(/[&<>"']/g, (character) => escapes[character] ?? '')
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g, '\ufffd')

export function toHtml(document: PrintDocument): string {
  const tokens = document.tokens.map((token) => `<span class="token">${escapeHtml(token)}</span>`).join('')
  const mark = document.mark === null ? '' : `<span class="mark">${escapeHtml(document.mark)}</span>`
  const up =
    document.up === null ? '' : `<nav><a href="${escapeHtml(document.up)}">All records of this pack</a></nav>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>${escapeHtml(`${document.name} – ${document.title}`)}</title>
<style>${style}${toPageRule(document)}</style>
</head>
<body>
${up}<header>
<p class="tenant">${escapeHtml(document.tenant)}</p>
<p class="name">${escapeHtml(document.name)}${mark}${tokens}</p>
<h1>${escapeHtml(document.title)}</h1>
</header>
<main>
${document.sections.map(toSection).join('\n')}
</main>
<footer>${escapeHtml(document.foot)}</footer>
</body>
</html>
`
}

const toSection = ({ title, note, blocks }: Section): string =>
  `<section><h2>${escapeHtml(title)}</h2>${note === undefined ? '' : `<p class="note">${escapeHtml(note)}</p>`}
${blocks.map(toBlock).join('\n')}</section>`

function toBlock(block: Block): string {
  if (block.kind === 'fields') return toFields(block.fields)
  if (block.kind === 'table') return toTable(block)
  if (block.kind === 'text')
    return `<h3>${escapeHtml(block.label)}</h3><p class="text">${escapeHtml(block.text)}</p>`
  if (block.kind === 'steps')
    return `<ol>${block.steps.map((step) => `<li>${escapeHtml(step)}</li>`).join('')}</ol>`
  const title = `<h3>${escapeHtml(block.heading)}</h3><p class="line">${escapeHtml(block.line)}</p>`
  return `<article class="seal${block.stands ? '' : ' past'}">${title}${toFields(block.fields)}</article>`
}

const toFields = (fields: readonly Field[]): string =>
  `<dl>${fields.map(([label, value]) => `<div><dt>${escapeHtml(label)}</dt><dd>${toCell(value)}</dd></div>`).join('')}</dl>`

function toTable({ head, widths, rows }: Extract<Block, { kind: 'table' }>): string {
  const sum = widths.reduce((total, width) => total + width, 0)
  const columns = widths.map((width) => `<col style="width:${((100 * width) / sum).toFixed(1)}%">`).join('')
  const titles = head.map((title) => `<th scope="col">${escapeHtml(title)}</th>`).join('')
  const body = rows
    .map((row) => `<tr>${row.map((cell, i) => `<td${toLabel(head[i])}>${toCell(cell)}</td>`).join('')}</tr>`)
    .join('\n')
  return `<table><colgroup>${columns}</colgroup><thead><tr>${titles}</tr></thead><tbody>
${body}
</tbody></table>`
}

/** Where a page is too narrow for columns, each cell says what it is. */
const toLabel = (title = ''): string => ` data-label="${escapeHtml(title)}"`

function toCell(cell: Cell): string {
  const text = escapeHtml(textOf(cell))
  if (typeof cell === 'string') return text
  const shown = cell.mono === true ? `<code>${text}</code>` : text
  return cell.href === undefined ? shown : `<a href="${escapeHtml(cell.href)}">${shown}</a>`
}

/** A text inside a string of CSS, which stands inside an element of HTML. */
const toCssString = (text: string): string =>
  `"${text.replace(/[^\w .:·-]/gu, (character) => `\\${(character.codePointAt(0) ?? 0).toString(16)} `)}"`

/** On paper, every page says whose it is and which of how many. */
const toPageRule = ({ name, foot }: PrintDocument): string => `
@page { margin: 18mm 16mm 20mm 16mm;
  @top-right { content: ${toCssString(name)}; font: 8pt Arial, sans-serif; color: #5b6470; }
  @bottom-left { content: ${toCssString(foot)}; font: 6pt Arial, sans-serif; color: #5b6470; }
  @bottom-right { content: "page " counter(page) " of " counter(pages); font: 8pt Arial, sans-serif; color: #5b6470; } }
@page :first { @top-right { content: ""; } }`

const style = `
:root { --ink: #1a2129; --soft: #5b6470; --line: #d7dce1; --pale: #f4f6f8; --mark: #8a3b12; --seal: #1d5c4a; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.5rem 3rem; color: var(--ink); background: #fff; overflow-wrap: anywhere;
  font: 15px/1.5 "Helvetica Neue", Arial, "Noto Sans", "PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
nav { margin-bottom: 1.5rem; font-size: .85em; } a { color: #1f4e8c; }
header { border-bottom: 2px solid var(--ink); padding-bottom: .9rem; }
.tenant { margin: 0; color: var(--soft); font-size: .85em; letter-spacing: .02em; }
.name { margin: .2rem 0 0; font-weight: 600; display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; }
h1 { margin: .15rem 0 0; font-size: 1.6rem; line-height: 1.25; font-weight: 600; overflow-wrap: anywhere; }
.token, .mark { font-size: .75rem; font-weight: 600; padding: .1rem .5rem; border: 1px solid var(--line); border-radius: 2px; color: var(--soft); }
.mark { color: var(--mark); border-color: currentColor; }
section { margin-top: 2rem; } h2 { font-size: 1.1rem; margin: 0 0 .6rem; font-weight: 600; }
h3 { font-size: .95rem; margin: 1rem 0 .2rem; font-weight: 600; }
.note { color: var(--soft); margin: -.3rem 0 .7rem; font-size: .9em; }
dl { margin: 0; display: grid; grid-template-columns: 1fr 1fr; column-gap: 2rem; }
dl > div { display: grid; grid-template-columns: 9rem 1fr; gap: .75rem; padding: .28rem 0; border-bottom: 1px solid var(--line); break-inside: avoid; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-line; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; max-width: 44rem; }
ol { margin: .3rem 0; padding-left: 1.6rem; } li { margin: .15rem 0; overflow-wrap: anywhere; }
.seal { border: 1px solid var(--line); border-top: 3px solid var(--seal); padding: .7rem 1rem .9rem; margin: 0 0 1rem; break-inside: avoid; }
.seal h3 { margin: 0; font-size: 1.05rem; } .seal .line { margin: .1rem 0 .5rem; }
.seal.past { border-top-color: var(--soft); } .seal dl { grid-template-columns: 1fr; } .seal dl > div { font-size: .88em; padding: .18rem 0; }
.seal dl > div:last-child { border-bottom: 0; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; font-size: .85em; }
th { text-align: left; color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--ink); padding: .3rem .6rem .3rem 0; }
td { vertical-align: top; border-bottom: 1px solid var(--line); padding: .35rem .6rem .35rem 0; overflow-wrap: anywhere; white-space: pre-line; font-variant-numeric: tabular-nums; }
thead { display: table-header-group; } tr { break-inside: avoid; }
code { font: .92em/1.4 "Liberation Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
footer { margin-top: 2.5rem; padding-top: .6rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .8em; overflow-wrap: anywhere; }
@media screen and (max-width: 44rem) { dl { grid-template-columns: 1fr; } dl > div, td { grid-template-columns: 7rem 1fr; } body { padding: 1rem; }
  .seal { padding: .7rem .7rem .9rem; } table, tbody, tr { display: block; } thead, colgroup { display: none; }
  tr { border-bottom: 1px solid var(--ink); padding: .3rem 0; } td { display: grid; gap: .75rem; border: 0; padding: .15rem 0; }
  td::before { content: attr(data-label); color: var(--soft); } }
@media print { body { padding: 0; max-width: none; font-size: 9.5pt; } nav, footer { display: none; } a { color: inherit; text-decoration: none; }
  section { margin-top: 1.3rem; } h2, h3 { break-after: avoid; } }
`

/** /assets/<tag>: where the QR code of an asset leads. What it is, where, and the work on it that is not done. */
import { ask, read } from './api.js'
import { fill, h, main, refusalBox } from './dom.js'
import { openPage } from './frame.js'

const tag = decodeURIComponent(/^\/assets\/([^/]+)\/?$/.exec(location.pathname)?.[1] ?? '')
const inWords = (word) => word.replaceAll('_', ' ')

async function drawAsset() {
  const { ok, body: asset } = await ask('GET', `/v1/assets/${encodeURIComponent(tag)}`)
  if (!ok) {
    fill(main(), refusalBox('There is nothing to show', asset))
    return
  }
  document.title = `${asset.tag} · Docket`
  const query = new URLSearchParams({
    asset: asset.id,
    category: 'initial,planning,ready,active,held,review',
    limit: '50',
  })
  const { data, next_cursor: more } = await read(`/v1/work-orders?${query}`)
  const facts = [
    ['Status', inWords(asset.status)],
    ['Location', asset.location],
    ['Owner', asset.owner],
    [
      'Part of',
      asset.parent && h('a', { href: `/assets/${encodeURIComponent(asset.parent)}` }, asset.parent),
    ],
  ].filter(([, value]) => value !== null)
  fill(
    main(),
    h('h1', {}, `${asset.tag}: ${asset.name}`),
    h(
      'dl',
      { class: 'card facts' },
      facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
    ),
    h('h2', {}, 'Open work orders'),
    data.length === 0
      ? h('p', { class: 'card empty' }, 'No work on it is open.')
      : h('ul', { class: 'list' }, data.map(toItem)),
    more !== null && h('p', { class: 'hint' }, 'There are more; these are the first 50.'),
  )
}

const toItem = (one) =>
  h(
    'li',
    {},
    h(
      'a',
      { class: 'card item', href: `/sign/${encodeURIComponent(one.number)}` },
      h('span', { class: 'number' }, one.number),
      h('strong', {}, one.title),
      h(
        'span',
        { class: 'hint' },
        `${inWords(one.status)}${one.assignee === null ? '' : ` · ${one.assignee}`}`,
      ),
    ),
  )

await openPage('/assets', drawAsset)

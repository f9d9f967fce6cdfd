// A webhook receiver in Node, without any package: `WEBHOOK_SECRET=whsec_… node receive.mjs`.
//
// It answers at once and works afterwards: a receiver that takes longer than fifteen seconds is taken for one that failed. An event
// may come twice, so its id decides whether it is new.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const LONGEST_BODY = 20_000 // bytes; no event is longer
const TOLERANCE_S = 300
const key = Buffer.from(process.env.WEBHOOK_SECRET.replace(/^whsec_/, ''), 'base64')
const seen = new Set() // in real life a table with a unique key, which outlives this process

// Standard Webhooks: HMAC-SHA256 over id.timestamp.body. While a secret rotates there are several signatures, parted by spaces.
function isGenuine(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_S)) return false
  const wanted = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
  return signatures.split(' ').some((signature) => {
    const [version, encoded = ''] = signature.split(',')
    const given = Buffer.from(encoded, 'base64')
    return version === 'v1' && given.length === wanted.length && timingSafeEqual(given, wanted)
  })
}

// The very bytes: the signature is over them, not over what JSON makes of them. undefined: there are too many.
async function bodyOf(request) {
  const parts = []
  let length = 0
  for await (const part of request) {
    length += part.length
    if (length > LONGEST_BODY) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function work(event) {
  console.log(event.type, event.data.id)
  if (event.type === 'speech.job.completed') console.log('  fetch', event.data.output.url)
}

const server = createServer(async (request, response) => {
  const body = await bodyOf(request)
  if (body === undefined) return response.writeHead(413, { connection: 'close' }).end()
  if (!isGenuine(request.headers, body)) return response.writeHead(400).end()
  const event = JSON.parse(body)
  const isNew = !seen.has(event.id)
  seen.add(event.id)
  response.writeHead(204).end()
  if (isNew) setImmediate(work, event)
})

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => console.log('listening on', server.address().port))

// What an integrator writes: plain OpenAI SDK code for Node.
//
// `node scenario.mjs JSON` reads addresses, keys and a webhook that arrived from its argument, does one thing after the other,
// and prints as JSON how the SDK understood the answers. `../scenario.py` is the same in Python, and prints the same.

import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

import OpenAI, { APIError, InvalidWebhookSignatureError, toFile } from "openai";
import { CursorPage } from "openai/pagination";
import { VERSION } from "openai/version";

const FORMATS = ["mp3", "opus", "aac", "flac", "wav", "pcm"];
const JOBS = "/audio/speech/jobs";

async function main(given) {
  const client = clientWith(given, given.keys.speaking);
  const said = {
    version: VERSION,
    models: (await collect(client.models.list())).map((model) => model.id),
    job: await speakInEveryFormat(client, given.folder),
    errors: await provokeErrors(given, client),
    jobs: await listJobs(client),
    limited: await runIntoTheLimit(clientWith(given, given.keys.busy)),
    dropped: await loseTheFirstReply(given),
    event: await unwrap(client, given.webhook),
    batch: await runABatch(client),
  };
  console.log(JSON.stringify(said));
}

function clientWith(given, apiKey, { address = "base_url", maxRetries = 0 } = {}) {
  return new OpenAI({ baseURL: `${given[address]}/v1`, apiKey, maxRetries });
}

async function speakInEveryFormat(client, folder) {
  for (const kind of FORMATS) {
    const answer = await client.audio.speech.create({
      model: "tts-1", voice: "alloy", input: "Hello from the SDK.", response_format: kind,
    });
    await writeFile(`${folder}/speech.${kind}`, Buffer.from(await answer.arrayBuffer()));
  }
  await client.audio.speech.create({
    model: "tts-1", voice: "alloy", input: "With our own fields.", language: "de", seed: 7, metadata: { order: "1" }, priority: "batch",
  });
  const streamed = await client.audio.speech.create({
    model: "gpt-4o-mini-tts", voice: "nova", input: "Streamed to a file.", instructions: "Calmly.", speed: 1.25,
  });
  await pipeline(Readable.fromWeb(streamed.body), createWriteStream(`${folder}/streamed.mp3`));
  return streamed.headers.get("x-speech-job-id");
}

async function provokeErrors(given, client) {
  const hello = { model: "tts-1", voice: "alloy", input: "Hello." };
  const ended = (await client.audio.speech.create({ ...hello, input: "Done." })).headers.get("x-speech-job-id");
  const reading = clientWith(given, given.keys.reading);
  return {
    400: await refusal(() => client.audio.speech.create({ ...hello, voice: "nobody" })),
    401: await refusal(() => clientWith(given, "sk-sm-wrong").models.list()),
    403: await refusal(() => reading.audio.speech.create(hello)),
    404: await refusal(() => client.get(`${JOBS}/speech_none`)),
    // Retries are on: x-should-retry tells the SDK that another try would end the same way.
    409: await refusal(() => client.post(`${JOBS}/${ended}/cancel`, { maxRetries: 3 })),
  };
}

async function refusal(ask) {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof APIError)) {
      throw error;
    }
    return {
      class: error.constructor.name, status: error.status, code: error.code, param: error.param, type: error.type,
      message: error.message, request_id: error.requestID,
    };
  }
  return {};
}

// All of them, a page of three at a time: the SDK fetches the next page by itself.
async function listJobs(client) {
  return (await collect(client.getAPIList(JOBS, CursorPage, { query: { limit: 3 } }))).map((job) => job.id);
}

// Ask until this minute's requests are used up; then the SDK's own retry waits as long as it is told to. Once more where this took
// so long that a request was free again.
async function runIntoTheLimit(client) {
  let refused, spoken;
  for (let round = 0; round < 5 && !spoken?.retries; round += 1) {
    do {
      refused = await refusal(() => client.post(`${JOBS}/speech_none/cancel`));
    } while (refused.status === 404);
    spoken = await counted(client, 3, { model: "tts-1", voice: "alloy", input: "Hello again." });
  }
  return { refused, bytes: spoken.bytes, retries: spoken.retries, left: spoken.headers.get("x-ratelimit-remaining-requests") };
}

// The connection breaks after the request has arrived; the SDK asks again, and means the same job.
async function loseTheFirstReply(given) {
  const client = clientWith(given, given.keys.speaking, { address: "dropping_url" });
  const spoken = await counted(client, 2, { model: "tts-1", voice: "alloy", input: "Said once, asked for twice." });
  return { bytes: spoken.bytes, retries: spoken.retries, replayed: spoken.headers.get("idempotent-replayed") };
}

// This SDK does not tell how often it tried again: its own fetch is counted.
async function counted(client, maxRetries, body) {
  let asked = 0;
  const counting = client.withOptions({ maxRetries, fetch: (...request) => { asked += 1; return fetch(...request); } });
  const answer = await counting.audio.speech.create(body);
  return { bytes: (await answer.arrayBuffer()).byteLength, retries: asked - 1, headers: answer.headers };
}

async function unwrap(client, webhook) {
  const event = await client.webhooks.unwrap(webhook.body, webhook.headers, webhook.secret);
  let altered = "believed";
  try {
    await client.webhooks.unwrap(`${webhook.body} `, webhook.headers, webhook.secret);
  } catch (error) {
    altered = error instanceof InvalidWebhookSignatureError ? "refused" : String(error);
  }
  return { type: event.type, job: event.data.id, altered };
}

async function runABatch(client) {
  const lines = [0, 1, 2].map((n) => JSON.stringify({
    custom_id: `line-${n}`, method: "POST", url: "/v1/audio/speech",
    body: { model: "tts-1", voice: "alloy", input: `Line ${n} of a batch.` },
  }));
  const file = await client.files.create({ file: await toFile(Buffer.from(lines.join("\n")), "lines.jsonl"), purpose: "batch" });
  let batch = await client.batches.create({ input_file_id: file.id, endpoint: "/v1/audio/speech", completion_window: "1h" });
  while (!["completed", "failed", "expired", "cancelled"].includes(batch.status)) {
    await sleep(200);
    batch = await client.batches.retrieve(batch.id);
  }
  const output = await (await client.files.content(batch.output_file_id)).text();
  const results = output.trim().split("\n").map((line) => JSON.parse(line));
  const kept = await (await client.files.content(file.id)).text();
  const listed = (await collect(client.batches.list({ limit: 1 }))).map((each) => each.id);
  const files = (await collect(client.files.list({ purpose: "batch" }))).map((each) => each.id);
  const late = await refusal(() => client.batches.cancel(batch.id));
  const { deleted } = await client.files.delete(file.id);
  const counts = batch.request_counts;
  return {
    status: batch.status, counts: [counts.total, counts.completed, counts.failed],
    custom_ids: results.map((result) => result.custom_id).sort(),
    statuses: [...new Set(results.map((result) => result.response.status_code))], kept: kept.trim() === lines.join("\n"),
    listed: listed.includes(batch.id), file_listed: files.includes(file.id), late_cancel: late, deleted,
    gone: await refusal(() => client.files.retrieve(file.id)),
  };
}

async function collect(pages) {
  const all = [];
  for await (const each of await pages) {
    all.push(each);
  }
  return all;
}

await main(JSON.parse(process.argv[2]));

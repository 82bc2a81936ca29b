/** The receivers that ImgGo prints for its users: Express and Flask, as printed; and what the document says against itself. */
import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { webhookOptions } from '../../examples/imggo/webhooks.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { readCurlLines } from '../support/curl-lines.ts';
import { type PrintedReceiver, startPrinted } from '../support/printed-receiver.ts';
import { isAllRequired, nameReceiver, requirements, type Requirement } from '../support/requirements.ts';
import { printedBlock } from '../support/system-documents.ts';
import { LOOPBACK } from '../support/world.ts';
import { shows } from './rows.ts';

const SECRET = 'your_webhook_secret';
const COMPLETED = JSON.parse(printedBlock('imggo', 'json', '"job.completed"')) as Record<string, unknown>;
const FAILED = JSON.parse(printedBlock('imggo', 'json', '"job.failed"')) as Record<string, unknown>;
const FLASK_BLOCK = printedBlock('imggo', 'python', 'def handle_job_failed');

/** The functions that the printed Flask receiver calls and does not have. */
const FLASK_FUNCTIONS = `def told(name):
    # One write: requests are handled at the same time.
    return lambda value: print(f'{name} {value}\\n', end='', flush=True)
save_to_database = told('save_to_database')
send_notification_email = told('send_notification_email')
log_error = told('log_error')
send_admin_alert = told('send_admin_alert')
`;

interface Receiver {
  readonly name: string;
  readonly requirement: Requirement;
  readonly program: PrintedReceiver;
  /** What it prints of either event. */
  readonly prints: readonly [RegExp, RegExp];
  /** What it answers to a request without a signature, and to one whose signature has another length. */
  readonly unsigned: readonly [number, number];
}

const RECEIVERS: readonly Receiver[] = [
  {
    name: 'ImgGo, Express',
    requirement: { found: process.execPath, version: `Node.js ${process.version}` },
    program: {
      language: 'node',
      printed: printedBlock('imggo', 'javascript', "require('express')"),
      env: { WEBHOOK_SECRET: SECRET },
    },
    prints: [/completed: \{[^}]*Acme Corporation/, /failed: \{[^}]*not accessible/],
    unsigned: [500, 500], // timingSafeEqual throws
  },
  {
    name: 'ImgGo, Flask',
    requirement: requirements.flask(),
    program: { language: 'python', before: FLASK_FUNCTIONS, printed: FLASK_BLOCK },
    prints: [
      /save_to_database .*Acme Corporation[^]*send_notification_email/,
      /log_error .*not accessible[^]*send_admin_alert/,
    ],
    unsigned: [500, 401], // compare_digest throws at None
  },
];

const sign = (body: string, secret = SECRET): string =>
  createHmac('sha256', secret).update(body).digest('hex');

async function post(origin: string, body: string, signature?: string): Promise<number> {
  const response = await fetch(`${origin}/webhooks/imggo`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      ...(signature === undefined ? {} : { 'x-imggo-signature': signature }),
    },
  });
  await response.arrayBuffer();
  return response.status;
}

describe.each(
  RECEIVERS.map((receiver) => [nameReceiver(receiver.name, receiver.requirement), receiver] as const),
)('%s', { timeout: 30_000 }, (_, { requirement, program, prints, unsigned }) => {
  if (requirement.found === undefined) {
    it.runIf(isAllRequired())(`is left out, because ${requirement.missing}`, () => {
      expect.unreachable(requirement.missing);
    });
    return;
  }

  it('accepts what is sent', shows('imggo', 'receivers', 'signature', 'events'), async () => {
    await using server = await startPrinted(program);
    await using harness = await createHarness({ dispatcher: { ...webhookOptions, network: LOOPBACK } });
    const url = `${server.origin}/webhooks/imggo`;
    const endpoint = await harness.createEndpoint({ url, secret: SECRET });
    const strange = { '2': 'b', '10': 'a', note: 'ünï "α" \u2028 😀', vendor_name: 'Acme Corporation' };
    await harness.dispatcher.emit('job.completed', { ...COMPLETED, result: strange });
    await harness.dispatcher.emit('job.failed', FAILED);
    await harness.dispatcher.drain();
    const deliveries = await harness.deliveriesTo(endpoint);
    expect(deliveries.map(({ state, attempts }) => [state, attempts])).toEqual([
      ['succeeded', 1],
      ['succeeded', 1],
    ]);
    expect(JSON.parse(deliveries[0]!.attemptLog[0]!.response!.body)).toEqual({ status: 'received' });
    await vi.waitUntil(() => prints.every((what) => what.test(server.output())));
  });

  it('refuses another signature, and does nothing', shows('imggo', 'receivers'), async () => {
    await using server = await startPrinted(program);
    await using harness = await createHarness({ dispatcher: { ...webhookOptions, network: LOOPBACK } });
    const url = `${server.origin}/webhooks/imggo`;
    const endpoint = await harness.createEndpoint({ url, secret: 'another_secret_of_somebody' });
    await harness.dispatcher.emit('job.completed', COMPLETED);
    await harness.dispatcher.drain();
    const [delivery] = await harness.deliveriesTo(endpoint);
    expect(delivery).toMatchObject({ state: 'scheduled', attemptLog: [{ response: { status: 401 } }] });
    expect(server.output()).not.toContain('Acme');
  });

  it('takes no request without a signature, nor the printed test line', async () => {
    await using server = await startPrinted(program);
    const line = readCurlLines('imggo').find(({ headers }) => 'X-ImgGo-Signature' in headers)!;
    const body = line.body!;
    const statuses = [
      await post(server.origin, body),
      await post(server.origin, body, line.headers['X-ImgGo-Signature']),
    ];
    expect(statuses).toEqual(unsigned);
    expect(await post(server.origin, body, sign(body))).toBe(program.language === 'node' ? 401 : 200);
  });
});

describe('the Express receiver of ImgGo', { timeout: 30_000 }, () => {
  it('verifies nothing but what JSON.stringify writes, because it signs the parsed body again', async () => {
    await using server = await startPrinted(RECEIVERS[0]!.program);
    const body = JSON.stringify(COMPLETED);
    expect(await post(server.origin, body, sign(body))).toBe(200);
    for (const other of [body.replace(',', ', '), body.replace('1942.92', '1942.920')])
      expect([JSON.parse(other), await post(server.origin, other, sign(other))]).toEqual([COMPLETED, 401]);
  });
});

const flask = requirements.flask();
describe('the printed test of the Flask receiver', { timeout: 30_000 }, () => {
  it.runIf(flask.found !== undefined || isAllRequired())(
    'fails against the printed receiver: it sends no signature and expects 200',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'posthorn-printed-'));
      try {
        writeFileSync(join(folder, 'app.py'), `${FLASK_FUNCTIONS}\n${FLASK_BLOCK}`);
        writeFileSync(join(folder, 'printed_test.py'), printedBlock('imggo', 'python', 'import unittest'));
        const { stderr } = spawnSync(flask.found!, ['-m', 'unittest', '-v', 'printed_test'], {
          cwd: folder,
          encoding: 'utf8',
        });
        expect(stderr).toMatch(/test_invalid_signature .*\.\.\. ok/s);
        expect(stderr).toContain('AssertionError: 500 != 200');
        expect(stderr).toMatch(/^FAILED \(failures=1\)$/m);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});

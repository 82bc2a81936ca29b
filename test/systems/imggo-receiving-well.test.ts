/** What ImgGo advises its users to do when they receive: its printed functions, put together and run. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { webhookOptions } from '../../examples/imggo/webhooks.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { startPrinted } from '../support/printed-receiver.ts';
import type { ProgramServer } from '../support/program-server.ts';
import { isAllRequired, nameReceiver, requirements, type Requirement } from '../support/requirements.ts';
import { printedBlock } from '../support/system-documents.ts';
import { LOOPBACK } from '../support/world.ts';
import { shows } from './rows.ts';

const SECRET = 'your_webhook_secret';
const COMPLETED = JSON.parse(printedBlock('imggo', 'json', '"job.completed"')) as Record<string, unknown>;
const FAILED = JSON.parse(printedBlock('imggo', 'json', '"job.failed"')) as Record<string, unknown>;

const python = (text: string): string => printedBlock('imggo', 'python', text);

const harnessFor = (): Promise<Harness> =>
  // Python answers later than a server of this process.
  createHarness({ dispatcher: { ...webhookOptions, network: LOOPBACK }, quietMs: 5_000 });

/** The answers that a delivery got, oldest first. */
async function answersTo(harness: Harness, messageId: string): Promise<(readonly [number, string])[]> {
  const { items } = await harness.dispatcher.deliveries.list({ messageId });
  const { attemptLog } = await harness.dispatcher.deliveries.get(items[0]!.id);
  return attemptLog.map(({ response }) => [response!.status, response!.body.replaceAll(/\s/g, '')]);
}

/** Tests of a printed program, left out where what it imports is not there. */
function describeProgram(name: string, requirement: Requirement, tests: (program: string) => void): void {
  describe(nameReceiver(name, requirement), { timeout: 30_000 }, () => {
    if (requirement.found !== undefined) tests(requirement.found);
    else
      it.runIf(isAllRequired())(`is left out, because ${requirement.missing}`, () => {
        expect.unreachable(requirement.missing);
      });
  });
}

const redis = requirements.redis();
const advised = redis.found === undefined ? redis : requirements.flaskWith('redis', 'jsonschema');

describeProgram('ImgGo, the printed advice', advised, (program) => {
  /** The four printed functions, and a route that calls one after the other. */
  const start = (): Promise<ProgramServer> =>
    startPrinted({
      language: 'python',
      program,
      env: { REDIS_URL: redis.found! },
      before: `import concurrent.futures, functools, os, redis
from flask import Flask, jsonify, request
app = Flask(__name__)
redis.Redis = functools.partial(redis.Redis.from_url, os.environ['REDIS_URL'])
failures = {'broken': 1}
def told(name):
    return lambda result: print(f"{name} {result['vendor_name']}\\n", end='', flush=True)
save_to_postgresql = told('save_to_postgresql')
index_in_elasticsearch = told('index_in_elasticsearch')
send_to_kafka = told('send_to_kafka')
update_cache = told('update_cache')
def process_result(data):
    if data['event'] != 'job.completed':
        return
    name = data['result']['vendor_name']
    failures[name] = failures.get(name, 0) - 1
    if failures[name] >= 0:
        raise RuntimeError('the database is down')
    handle_job_completed(data)
`,
      printed: [
        python('def verify_webhook('),
        python('def validate_webhook_payload'),
        python('def handle_webhook_idempotent'),
        python('concurrent.futures.ThreadPoolExecutor'),
      ].join('\n'),
      after: `@app.route('/webhooks/imggo', methods=['POST'])
def receive():
    if not verify_webhook(request.data, request.headers.get('X-ImgGo-Signature', ''), '${SECRET}'):
        return jsonify({'error': 'Invalid signature'}), 401
    data = request.json
    if not validate_webhook_payload(data):
        return jsonify({'error': 'Invalid payload'}), 400
    return jsonify(handle_webhook_idempotent(data['job_id'], data)), 200
app.run(port=5000)
`,
    });
  const SYSTEMS = ['save_to_postgresql', 'index_in_elasticsearch', 'send_to_kafka', 'update_cache'];

  it(
    'verifies the raw body, acts once by job id, and serves four systems',
    shows('imggo', 'receive-well', 'receivers', 'signature'),
    async () => {
      await using server = await start();
      await using harness = await harnessFor();
      await harness.createEndpoint({ url: `${server.origin}/webhooks/imggo`, secret: SECRET });
      const event = { ...COMPLETED, job_id: randomUUID(), result: { vendor_name: 'Acme', note: 'ünï' } };
      const answers: unknown[] = [];
      for (let time = 0; time < 2; time += 1) {
        const { id } = await harness.dispatcher.emit('job.completed', event);
        await harness.dispatcher.drain();
        answers.push(...(await answersTo(harness, id)));
      }
      expect(answers).toEqual([
        [200, '{"status":"processed"}'],
        [200, '{"status":"already_processed"}'],
      ]);
      await vi.waitUntil(() => SYSTEMS.every((name) => server.output().includes(`${name} Acme`)));
      expect(server.output().match(/ Acme$/gm)).toHaveLength(4);
    },
  );

  it(
    'forgets a job whose work has failed, and the retry does it',
    shows('imggo', 'receive-well'),
    async () => {
      await using server = await start();
      await using harness = await harnessFor();
      await harness.createEndpoint({ url: `${server.origin}/webhooks/imggo`, secret: SECRET });
      const event = { ...COMPLETED, job_id: randomUUID(), result: { vendor_name: 'broken' } };
      const { id } = await harness.dispatcher.emit('job.completed', event);
      await harness.advance(30_000);
      const answers = await answersTo(harness, id);
      expect(answers.map(([status]) => status)).toEqual([500, 200]);
      await vi.waitUntil(() => server.output().includes('update_cache broken'));
    },
  );

  it(
    'refuses another signature, and a payload without a status',
    shows('imggo', 'receive-well'),
    async () => {
      await using server = await start();
      await using harness = await harnessFor();
      const url = `${server.origin}/webhooks/imggo`;
      const post = async (secret: string, data: object): Promise<unknown> => {
        await harness.createEndpoint({ id: secret, url, secret });
        const { id } = await harness.dispatcher.emit('job.completed', data, { to: secret });
        await harness.dispatcher.drain();
        return (await answersTo(harness, id))[0]![0];
      };
      const { status: _, ...incomplete } = COMPLETED;
      expect(await post('another_webhook_secret', COMPLETED)).toBe(401);
      expect(await post(SECRET, incomplete)).toBe(400);
    },
  );

  it(
    'takes job.completed for a repetition of job.queued, because both have one job id',
    shows('imggo', 'receive-well'),
    async () => {
      await using server = await start();
      await using harness = await harnessFor();
      await harness.createEndpoint({ url: `${server.origin}/webhooks/imggo`, secret: SECRET });
      const job_id = randomUUID();
      await harness.dispatcher.emit('job.queued', { event: 'job.queued', job_id, status: 'queued' });
      await harness.dispatcher.drain();
      const { id } = await harness.dispatcher.emit('job.completed', { ...COMPLETED, job_id });
      await harness.dispatcher.drain();
      expect(await answersTo(harness, id)).toEqual([[200, '{"status":"already_processed"}']]);
    },
  );
});

describeProgram('ImgGo, work after the answer', requirements.flask(), (program) => {
  it('answers before the work is done', shows('imggo', 'receive-well', 'receivers'), async () => {
    // In place of Celery: a thread, which works when it is told to.
    await using server = await startPrinted({
      language: 'python',
      program,
      before: `import sys, threading, types
from flask import Flask, jsonify, request
app = Flask(__name__)
may_work = threading.Event()
class Celery:
    def __init__(self, name, broker):
        pass
    def task(self, work):
        def later(*args):
            may_work.wait()
            work(*args)
        work.delay = lambda *args: threading.Thread(target=later, args=args).start()
        return work
sys.modules['celery'] = types.SimpleNamespace(Celery=Celery)
def told(name):
    return lambda result: print(name, result['vendor_name'], flush=True)
save_to_database = told('save_to_database')
generate_pdf_report = told('generate_pdf_report')
send_email_notification = told('send_email_notification')
update_analytics_dashboard = told('update_analytics_dashboard')
`,
      printed: python('from celery import Celery'),
      after: `@app.route('/work')
def work():
    may_work.set()
    return ''
app.run(port=5000)
`,
    });
    await using harness = await harnessFor();
    await harness.createEndpoint({ url: `${server.origin}/webhooks/imggo`, secret: SECRET });
    const { id } = await harness.dispatcher.emit('job.completed', COMPLETED);
    await harness.dispatcher.drain();
    expect(await answersTo(harness, id)).toEqual([[200, '{"status":"queued"}']]);
    expect(server.output()).not.toContain('Acme');
    await fetch(`${server.origin}/work`);
    const last = 'update_analytics_dashboard Acme Corporation';
    await vi.waitUntil(() => server.output().includes(last));
    expect(server.output().match(/ Acme Corporation$/gm)).toHaveLength(4);
  });
});

describeProgram('ImgGo, metrics', requirements.flaskWith('prometheus_client'), (program) => {
  it('counts what it took and what it did not', shows('imggo', 'success-rate', 'receivers'), async () => {
    await using server = await startPrinted({
      language: 'python',
      program,
      before: `from flask import Flask, jsonify, request
app = Flask(__name__)
def handle_job_completed(data):
    print(data['result']['vendor_name'], flush=True)
`,
      printed: python('from prometheus_client import'),
      after: `from prometheus_client import generate_latest
@app.route('/metrics')
def metrics():
    return generate_latest()
app.run(port=5000)
`,
    });
    await using harness = await harnessFor();
    await harness.createEndpoint({ url: `${server.origin}/webhooks/imggo`, secret: SECRET });
    for (const data of [COMPLETED, FAILED]) await harness.dispatcher.emit(data['event'] as string, data);
    await harness.dispatcher.drain();
    // It takes a failed job for a completed one, and finds no result.
    const metrics = await (await fetch(`${server.origin}/metrics`)).text();
    expect(metrics).toContain('webhook_requests_total{status="success"} 1.0');
    expect(metrics).toContain('webhook_requests_total{status="error"} 1.0');
    expect(metrics).toContain('webhook_latency_seconds_count 2.0');
    expect((await harness.dispatcher.stats()).attempts).toEqual({ delivered: 1, failed: 1 });
  });
});

describeProgram('ImgGo, health check', requirements.python(), (program) => {
  it.each([
    [96, ''],
    [94, 'Webhook success rate dropped to 94.0% high\n'],
  ])(
    'of %i in a hundred deliveries, as the statistics count them',
    shows('imggo', 'success-rate'),
    async (delivered, alert) => {
      await using harness = await createHarness({
        dispatcher: { ...webhookOptions, network: LOOPBACK, retry: 'once' },
      });
      harness.receiver.reply(...Array.from({ length: 100 - delivered }, () => 500)).always(200);
      await harness.createEndpoint({ secret: SECRET });
      for (let job = 0; job < 100; job += 1) await harness.dispatcher.emit('job.completed', COMPLETED);
      await harness.dispatcher.drain();
      const { successRate } = await harness.dispatcher.stats();
      const script = `get_webhook_success_rate = lambda: ${successRate}
def send_alert(text, severity):
    print(text, severity)
${python('def check_webhook_health')}
check_webhook_health()
`;
      const { stdout, stderr } = spawnSync(program, ['-c', script], { encoding: 'utf8' });
      expect([stdout, stderr]).toEqual([alert, '']);
    },
  );
});

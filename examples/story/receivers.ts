/**
 * The other side of the story: a process of its own with a few HTTP servers, as customers would run them. They check
 * every request themselves and keep their own count. Started and questioned by receiver-process.ts.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AcceptedMessage, Answer, Question, ReceiverPlan, ReceiverReport } from './report.ts';
import { whyForged } from './verify-signature.ts';

class Receiver {
  readonly plan: ReceiverPlan;
  secret = '';
  url = '';
  readonly #server: Server;
  #requests = 0;
  #verified = 0;
  readonly #accepted: AcceptedMessage[] = [];
  readonly #refusals: string[] = [];

  constructor(plan: ReceiverPlan) {
    this.plan = plan;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks`;
    // The port stays free for the seconds the story takes: connections to it are refused.
    if (this.plan.isClosed) await new Promise((resolve) => this.#server.close(resolve));
  }

  report(): ReceiverReport {
    return {
      name: this.plan.name,
      requests: this.#requests,
      verified: this.#verified,
      accepted: this.#accepted,
      refusals: this.#refusals,
    };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.statusCode = this.#judge(request, Buffer.concat(chunks));
    response.end();
  }

  #judge(request: IncomingMessage, body: Buffer): number {
    this.#requests += 1;
    const problem = whyForged(this.secret, request.headers, body);
    if (problem !== undefined) {
      this.#refusals.push(`request ${this.#requests}: ${problem}`);
      return 401;
    }
    this.#verified += 1;
    if (this.#requests <= this.plan.failures) return 503;
    const { type } = JSON.parse(body.toString()) as { type: string };
    this.#accepted.push({ id: String(request.headers['webhook-id']), type });
    return 204;
  }
}

let receivers: readonly Receiver[] = [];

async function answer(question: Question): Promise<Answer> {
  switch (question.kind) {
    case 'listen':
      receivers = question.plans.map((plan) => new Receiver(plan));
      for (const receiver of receivers) await receiver.listen();
      return {
        kind: 'listen',
        urls: Object.fromEntries(receivers.map(({ plan, url }) => [plan.name, url])),
      };
    case 'secrets':
      for (const receiver of receivers) receiver.secret = question.secrets[receiver.plan.name] ?? '';
      return { kind: 'secrets' };
    case 'report':
      return { kind: 'report', reports: receivers.map((receiver) => receiver.report()) };
  }
}

process.on('message', (question: Question) => {
  void answer(question).then((reply) => process.send?.(reply));
});
// The story has ended, or died: nobody is left to receive for.
process.on('disconnect', () => process.exit());

/** A receiver on this machine that shows what arrives, until it is ended. */
import { createFaultReceiver } from '../../listener/fault-receiver.ts';
import { FAULTS, type FaultName } from '../../listener/faults.ts';
import type { RequestRecorder } from '../../listener/receiver.ts';
import type { RecordedRequest } from '../../listener/recorded-request.ts';
import { createReceiver } from '../../listener/recording-receiver.ts';
import type { ReplyDetails } from '../../listener/reply-script.ts';
import type { Cli } from '../command.ts';
import { CliError, EXIT_CODE } from '../exit-code.ts';
import { createAnswers } from './answer-request.ts';
import { describeAnswer } from './describe-answer.ts';
import { createForwarder } from './forward-request.ts';
import { describeAddress, explainListenError, leadsTo } from './listen-address.ts';
import type { ListenSettings } from './listen-settings.ts';
import { RequestDesk } from './request-desk.ts';

/** @throws CliError when it cannot listen */
export async function listen(cli: Cli, settings: ListenSettings): Promise<void> {
  const desk = new RequestDesk(cli, settings);
  const { fault } = settings;
  const open =
    fault === undefined ? receive(cli, desk, settings) : receiveBadly(cli, desk, { ...settings, fault });
  const { receiver, close } = await open;
  const { forwardTo } = settings;
  if (forwardTo !== undefined && leadsTo(forwardTo, receiver.url)) {
    await close();
    throw new CliError(EXIT_CODE.wrongUse, '--forward: this is where posthorn listen itself listens.');
  }
  tellWhere(cli, settings, receiver.url);
  await endOf(cli.terminal.signal);
  await close();
  const { requests, fitting, refused } = desk;
  cli.output.entry({ event: 'ended', requests, fitting, refused }, () => `\n${desk.summary()}`);
}

interface Receiving {
  readonly receiver: RequestRecorder;
  readonly close: () => Promise<void>;
}

async function receive(cli: Cli, desk: RequestDesk, settings: ListenSettings): Promise<Receiving> {
  const { host, port, maxBodyBytes, forwardTo } = settings;
  const forwarder = forwardTo === undefined ? undefined : await createForwarder(forwardTo);
  const answer = createAnswers(settings, forwarder);
  const receiver = await createReceiver({ host, port, maxBodyBytes, maxRequests: 0 }).catch(
    (error: unknown) => {
      throw explainListenError(error, host, port);
    },
  );
  const serve = async (request: RecordedRequest): Promise<ReplyDetails> => {
    const seen = await desk.look(request);
    const answered = await answer(seen);
    const { reply, why, forwarded } = answered;
    cli.output.entry(
      desk.toEntry(seen, {
        answer: { status: reply.status, why, forwarded: forwarded && withoutBody(forwarded) },
      }),
      () => `#${seen.number}  ${describeAnswer(answered, cli.output)}`,
    );
    return reply;
  };
  const running = new Set<Promise<ReplyDetails>>();
  receiver.always((request) => {
    const work = serve(request);
    running.add(work);
    return work.finally(() => running.delete(work));
  });
  return {
    receiver,
    async close() {
      await Promise.all([receiver.close(), forwarder?.close()]);
      await Promise.allSettled(running);
    },
  };
}

function withoutBody(forwarded: object): Record<string, unknown> {
  const { status, durationMs, failure } = forwarded as Record<string, unknown>;
  return { status, duration_ms: durationMs, failure };
}

async function receiveBadly(
  cli: Cli,
  desk: RequestDesk,
  settings: ListenSettings & { readonly fault: FaultName },
): Promise<Receiving> {
  const { fault, host, port, maxBodyBytes, status } = settings;
  if (host !== '127.0.0.1')
    throw new CliError(EXIT_CODE.wrongUse, '--host: a broken receiver listens on 127.0.0.1 alone.');
  // One after the other: what was played belongs behind the request it was played to.
  let told = Promise.resolve();
  const receiver = await createFaultReceiver({
    fault,
    port,
    maxBodyBytes,
    maxRequests: 0,
    ...(status !== undefined && { status }),
    onRequest(request) {
      told = told.then(async () => {
        const entry = desk.toEntry(await desk.look(request), { fault });
        if (cli.output.isJson) cli.output.entry(entry, () => '');
      });
    },
    onPlayed() {
      told = told.then(() =>
        cli.output.entry({ event: 'played', fault }, () => `→ ${fault}: it ${FAULTS[fault].does}`),
      );
    },
  }).catch((error: unknown) => {
    throw explainListenError(error, host, port);
  });
  return {
    receiver,
    async close() {
      await receiver.close();
      await told;
    },
  };
}

function tellWhere({ output, terminal }: Cli, { signature, fault }: ListenSettings, boundUrl: string): void {
  // The name of a broken receiver is known to nobody.
  const { url, isLoopback, allowPrivate } = describeAddress(
    boundUrl.replace('//receiver.test:', '//127.0.0.1:'),
  );
  const add = `posthorn add ${url} --allow-private ${allowPrivate}`;
  const signatures =
    signature === undefined
      ? 'Signatures are not checked: posthorn add prints the secret of the endpoint, which goes with --secret.'
      : `Signatures are checked by the scheme ${signature.scheme.scheme}.`;
  output.entry({ event: 'listening', url, add }, () =>
    [
      `Listening on ${url}${fault === undefined ? '' : `: ${fault}, it ${FAULTS[fault].does}`}. Ctrl-C ends it.`,
      `To send to it: ${add}`,
      signatures,
    ].join('\n'),
  );
  if (!isLoopback)
    terminal.tell(
      'posthorn: everybody who reaches this machine can send requests to it. Without --host it listens on loopback alone.',
    );
}

function endOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

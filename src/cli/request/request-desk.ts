import { describeError } from '../../errors.ts';
import type { RecordedRequest } from '../../listener/recorded-request.ts';
import type { Cli } from '../command.ts';
import { printableLine } from '../output/printable.ts';
import { type CheckSignature, createSignatureCheck } from './check-signature.ts';
import {
  describeContents,
  describeRequest,
  describeSignature,
  indent,
  type SeenRequest,
  toEntry,
} from './describe-request.ts';
import { identifyMessage } from './identify-message.ts';
import type { ListenSettings } from './listen-settings.ts';
import { saveRequest } from './saved-request.ts';

/** A request that was looked at, and where it is saved. */
export interface DeskRequest extends SeenRequest {
  /** From 1. */
  readonly number: number;
  readonly savedAs: string | undefined;
}

/** Looks at each request: checks, saves, shows and counts it. */
export class RequestDesk {
  requests = 0;
  fitting = 0;
  refused = 0;
  readonly #cli: Cli;
  readonly #settings: ListenSettings;
  readonly #check: CheckSignature | undefined;

  /** @throws CliError when the keys do not fit the scheme */
  constructor(cli: Cli, settings: ListenSettings) {
    this.#cli = cli;
    this.#settings = settings;
    const { signature, toleranceSeconds } = settings;
    this.#check = signature && createSignatureCheck(signature, { toleranceSeconds, now: () => Date.now() });
  }

  /** Never rejects for what a request holds. */
  async look(request: RecordedRequest): Promise<DeskRequest> {
    const number = (this.requests += 1);
    const isWhole = request.bodyBytes === request.body.length;
    const signature = isWhole ? await this.#check?.(request) : undefined;
    if (signature?.ok === true) this.fitting += 1;
    if (signature?.ok === false) this.refused += 1;
    const savedAs = isWhole ? await this.#save(request) : undefined;
    const { bodyBytes } = request;
    const seen = { request, identity: identifyMessage(request), bodyBytes, signature, number, savedAs };
    if (!this.#cli.output.isJson) this.#cli.terminal.print(this.#describe(seen));
    return seen;
  }

  /** For scripts, once it is known what became of it. */
  toEntry(seen: DeskRequest, answer: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return { event: 'request', number: seen.number, ...toEntry(seen), saved_as: seen.savedAs, ...answer };
  }

  summary(): string {
    const checked = this.fitting + this.refused;
    const signatures =
      checked === 0 ? '' : `; the signature fits in ${this.fitting}, in ${this.refused} it does not`;
    return `${this.requests} ${this.requests === 1 ? 'request' : 'requests'}${signatures}.`;
  }

  async #save(request: RecordedRequest): Promise<string | undefined> {
    const { saveTo } = this.#settings;
    if (saveTo === undefined) return undefined;
    try {
      return await saveRequest(request, saveTo);
    } catch (error) {
      this.#cli.terminal.tell(
        `posthorn: a request could not be saved: ${printableLine(describeError(error))}`,
      );
      return undefined;
    }
  }

  #describe(seen: DeskRequest): string {
    const { output } = this.#cli;
    const { request, signature, savedAs, number } = seen;
    return [
      `#${number}  ${describeRequest(seen, output)}`,
      ...(signature === undefined ? [] : [indent(describeSignature(signature, request, output))]),
      ...(savedAs === undefined ? [] : [indent(`saved as ${printableLine(savedAs)}`)]),
      ...(this.#settings.isVerbose ? [describeContents(seen)] : []),
    ].join('\n');
  }
}

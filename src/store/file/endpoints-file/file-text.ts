/** The bytes of the endpoints file: reads them, tells whether there are others, and puts new ones in their place. */
import { createHash } from 'node:crypto';
import type { Clock, Random } from '../../../clock.ts';
import { createToken } from '../../../core/id.ts';
import { diskError } from './disk-error.ts';
import type { Disk } from './node-disk.ts';

/** What was found in the file at some moment. */
export interface FoundText {
  /** Undefined when there is no file. */
  readonly bytes: Uint8Array | undefined;
  /** The same for the same bytes. */
  readonly digest: string;
}

/** A fingerprint is trusted when it was still the same after this time: clocks of file systems tick only every few ms. */
const TRUSTED_AFTER_MS = 500;

export interface FileTextOptions {
  readonly disk: Disk;
  readonly random: Random;
  readonly clock: Clock;
}

export class FileText {
  readonly #path: string;
  readonly #disk: Disk;
  readonly #random: Random;
  readonly #clock: Clock;
  #fingerprint: string | undefined;
  #firstSeenAt = 0;
  #isTrusted = false;

  constructor(path: string, { disk, random, clock }: FileTextOptions) {
    this.#path = path;
    this.#clock = clock;
    this.#disk = disk;
    this.#random = random;
  }

  /** Names under which the file can change: its own, and that of the file it links to. */
  async names(): Promise<ReadonlySet<string>> {
    return new Set([this.#path, await this.#disk.follow(this.#path)]);
  }

  /** Removes what was left beside it, where that is allowed. */
  async cleanUp(): Promise<void> {
    await this.#disk.cleanUp(await this.#disk.follow(this.#path)).catch(() => undefined);
  }

  /** False when the file is surely the one that was read last. @throws StoreError */
  async mayHaveChanged(): Promise<boolean> {
    return !this.#isTrusted || (await this.#look()) !== this.#fingerprint;
  }

  /** @throws StoreError */
  async read(): Promise<FoundText> {
    // Before the bytes: a change in between must be found the next time.
    const fingerprint = await this.#look();
    const now = this.#clock.elapsed();
    if (fingerprint !== this.#fingerprint) this.#firstSeenAt = now;
    this.#isTrusted = now - this.#firstSeenAt >= TRUSTED_AFTER_MS;
    this.#fingerprint = fingerprint;
    try {
      return found(await this.#disk.read(await this.#disk.follow(this.#path)));
    } catch (error) {
      throw diskError('read', this.#path, error);
    }
  }

  /**
   * Puts a text in the place of what was found, and of nothing else. Undefined when there is something else.
   *
   * @returns what is there now
   * @throws StoreError
   */
  async replace(before: FoundText, text: string): Promise<FoundText | undefined> {
    try {
      const target = await this.#disk.follow(this.#path);
      const bytes = Buffer.from(text);
      const temporary = await this.#disk.writeBeside(target, createToken(this.#random), bytes);
      let isReplaced = false;
      try {
        isReplaced = this.#disk.replace(temporary, target, (now) => found(now).digest === before.digest);
      } finally {
        if (!isReplaced) await this.#disk.remove(temporary);
      }
      if (!isReplaced) return undefined;
      await this.#disk.syncFolder(target);
      return found(bytes);
    } catch (error) {
      throw diskError('write', this.#path, error);
    }
  }

  async #look(): Promise<string | undefined> {
    try {
      return await this.#disk.fingerprint(this.#path);
    } catch (error) {
      throw diskError('read', this.#path, error);
    }
  }
}

function found(bytes: Uint8Array | undefined): FoundText {
  return {
    bytes,
    digest: bytes === undefined ? 'missing' : createHash('sha256').update(bytes).digest('base64url'),
  };
}

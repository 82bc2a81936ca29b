import { StoreError } from '../../../errors.ts';
import type { KeyFingerprints } from '../../codec/key-fingerprints.ts';

/** What a client compares; `undefined` is a process without keys. */
export interface KeyComparison {
  readonly own: KeyFingerprints | undefined;
  readonly owners: KeyFingerprints | undefined;
  /** The process that owns the folder. */
  readonly pid: number;
}

type Keys = ReadonlyMap<string, string>;

/**
 * Why a client and the owner of a folder must not share it; `undefined` when they may. Each must be able to read what the
 * other one writes, and to take over from it. So each has the current key of the other, which needs not be current here:
 * a rotation, process by process, stops nobody.
 */
export function findKeyConflict({ own, owners, pid }: KeyComparison): StoreError | undefined {
  const conflict = describeConflict(own, owners);
  if (conflict === undefined) return undefined;
  const { code, why } = conflict;
  return new StoreError(`Cannot share the file store with its owner, process ${pid}: ${why}`, { code });
}

interface Conflict {
  readonly code: 'key_missing' | 'decrypt_failed';
  readonly why: string;
}

function describeConflict(
  own: KeyFingerprints | undefined,
  owners: KeyFingerprints | undefined,
): Conflict | undefined {
  if (own === undefined)
    return owners === undefined
      ? undefined
      : missing(
          `it encrypts with the key ${owners.current}, and this process has no keys. Give the store of this process ` +
            'the same option encryption.',
        );
  if (owners === undefined)
    return missing(
      `this process encrypts with the key ${own.current}, and the owner has no keys: it keeps secrets as they are. ` +
        'Stop the owner, give its store the same option encryption, and start it again.',
    );
  const ownKeys = new Map(own.keys);
  const ownersKeys = new Map(owners.keys);
  return (
    findOtherKey(ownKeys, ownersKeys) ?? findUnknownKey(own.current, ownKeys, owners.current, ownersKeys)
  );
}

/** Also of keys that are not current: with one of both, what stands in the store cannot be read. */
function findOtherKey(ownKeys: Keys, ownersKeys: Keys): Conflict | undefined {
  for (const [id, fingerprint] of ownKeys) {
    if ((ownersKeys.get(id) ?? fingerprint) === fingerprint) continue;
    return {
      code: 'decrypt_failed',
      why:
        `both have a key ${id}, but not the same one. Find out which of them is right, and give it to both, in ` +
        'encryption.keys; a new key gets a new id.',
    };
  }
  return undefined;
}

function findUnknownKey(
  current: string,
  ownKeys: Keys,
  ownersCurrent: string,
  ownersKeys: Keys,
): Conflict | undefined {
  const why = [
    ...(ownKeys.has(ownersCurrent)
      ? []
      : [
          `the owner encrypts with the key ${ownersCurrent}, which this process does not have. Give it to this process, ` +
            'too, in encryption.keys.',
        ]),
    ...(ownersKeys.has(current)
      ? []
      : [
          `this process encrypts with the key ${current}, which the owner does not have. Give it to the owner, too, in ` +
            'encryption.keys, and start it again: all processes have a new key before it becomes current.',
        ]),
  ];
  return why.length === 0 ? undefined : missing(why.join(' And '));
}

function missing(why: string): Conflict {
  return { code: 'key_missing', why };
}

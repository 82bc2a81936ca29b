/** A session on a store. */
import { existsSync } from 'node:fs';
import { WebhookDispatcher } from '../dispatcher.ts';
import { createWebhookClient } from '../http/index.ts';
import type { FileStoreLogger } from '../store/file/index.ts';
import { type Configuration, loadConfiguration } from './config-file.ts';
import { isName, NAME_EXPECTED } from '../core/id.ts';
import { readEncryptionKeys } from './encryption-keys.ts';
import { CliError, EXIT_CODE } from './exit-code.ts';
import { createLocalApi } from './local-api.ts';
import { openStore } from './open-store.ts';
import { DEFAULT_STORE, type PlaceFlags, readStorePlace, type StorePlace } from './place.ts';
import type { LocalSession, OpenOptions, Session } from './session.ts';
import type { Terminal } from './terminal.ts';
import { Troubles } from './troubles.ts';

/** Bulk work goes on for as long as it takes; Ctrl-C ends it. */
export const CALL_TIMEOUT_MS = 24 * 60 * 60 * 1000;

export interface LocalRequest extends OpenOptions {
  readonly flags: PlaceFlags;
  readonly place: StorePlace | undefined;
  readonly terminal: Terminal;
}

export interface OpenedSession<Opened extends Session = Session> {
  readonly session: Opened;
  /** @param isEnded nobody waits for what is on its way */
  readonly close: (isEnded: boolean) => Promise<void>;
}

/** @throws CliError, OptionsError or StoreError when it cannot be opened */
export async function openLocalSession(request: LocalRequest): Promise<OpenedSession> {
  const { flags, terminal } = request;
  const { tenant } = flags;
  if (tenant !== undefined && !isName(tenant))
    throw new CliError(EXIT_CODE.wrongUse, `--tenant: expected ${NAME_EXPECTED}.`);
  const configuration = await loadConfiguration(flags.config, terminal.folder);
  // What is wrong in it comes first: it may name another store.
  if (configuration !== undefined) new WebhookDispatcher(configuration.options);
  const troubles = new Troubles();
  const { store, text, beginsAt } = await chooseStore(request, configuration, troubles.storeLogger);
  const options = configuration?.options ?? {};
  const dispatcher = new WebhookDispatcher({
    ...withNetwork(options, flags.allowPrivate),
    store,
    deliver: false,
    logger: troubles.logger,
    // How long messages are kept, and what is alarming, is for the application to say.
    retention: { succeededMs: Infinity, unsuccessfulMs: Infinity },
    alerts: undefined,
  });
  const local: LocalSession = {
    dispatcher,
    store,
    text,
    options,
    configuration: configuration?.path,
    takeStoreTroubles: () => troubles.takeOfStore(),
  };
  try {
    // A store that is new begins with what is written into it: a refused command leaves none.
    if (beginsAt === undefined) await dispatcher.start();
  } catch (error) {
    await dispatcher.stop();
    troubles.tell(terminal, error);
    throw error;
  }
  let failure: unknown;
  const client = createWebhookClient({
    baseUrl: 'http://localhost/api',
    fetch: createLocalApi(dispatcher, tenant, (error) => (failure = error)),
    timeoutMs: CALL_TIMEOUT_MS,
  });
  return {
    session: { client, local },
    async close(isEnded) {
      await dispatcher.stop(isEnded ? { timeoutMs: 0 } : {});
      troubles.tell(terminal, failure);
      // A path that is wrong by a letter must not look as if all were well.
      if (beginsAt !== undefined && existsSync(beginsAt))
        terminal.tell(`There was no store at ${text}, so this began one. An application must open it, too.`);
    },
  };
}

interface ChosenStore extends Pick<LocalSession, 'store' | 'text'> {
  /** The folder of a store that is not there yet. */
  readonly beginsAt?: string;
}

async function chooseStore(
  { place, terminal, mayCreate = false }: LocalRequest,
  configuration: Configuration | undefined,
  logger: FileStoreLogger,
): Promise<ChosenStore> {
  const configured = configuration?.options.store;
  if (place === undefined && configured !== undefined)
    return { store: configured, text: `the store of ${configuration!.path}` };
  const chosen = place ?? readStorePlace(DEFAULT_STORE, terminal.folder);
  const isNew = mayCreate && chosen.kind === 'folder' && !existsSync(chosen.path);
  const store = await openStore(chosen, {
    mayCreate,
    mayMigrate: false,
    encryption: readEncryptionKeys(terminal.env),
    logger,
  });
  return { store, text: chosen.text, ...(isNew && { beginsAt: chosen.path }) };
}

function withNetwork(
  options: Configuration['options'],
  allowPrivate: readonly string[] | undefined,
): Configuration['options'] {
  if (allowPrivate === undefined) return options;
  const { network } = options;
  return {
    ...options,
    network: { ...network, allowPrivate: [...(network?.allowPrivate ?? []), ...allowPrivate] },
  };
}

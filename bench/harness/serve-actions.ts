/** The side of a measured process: it does what the bench process asks for, one message for a call, one for the answer. */

/** What a process can be asked to do, by name. Parameters and results travel as JSON. */
export type Actions = Readonly<Record<string, (params: never) => unknown>>;

export interface CallRequest {
  readonly call: number;
  readonly action: string;
  readonly params: unknown;
}

export interface CallAnswer {
  readonly call: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Answers calls until the bench process lets go. */
export function serveActions(actions: Actions): void {
  process.on('message', (request: CallRequest) => {
    void answer(actions, request).then((reply) => process.send?.(reply));
  });
  process.on('disconnect', () => process.exit());
}

async function answer(actions: Actions, { call, action, params }: CallRequest): Promise<CallAnswer> {
  try {
    return { call, result: await actions[action]!(params as never) };
  } catch (error) {
    return { call, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

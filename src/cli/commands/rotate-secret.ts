import { defineCommand } from '../command.ts';
import type { RotatedSecretResource } from '../../http/index.ts';
import { durationFlag } from '../flag-values.ts';
import { formatTime } from '../output/format-time.ts';

interface RotateFlags {
  readonly secret?: string;
  readonly grace?: number;
  readonly switchNow?: boolean;
}

export const rotateSecret = defineCommand<[id: string], RotateFlags>({
  name: 'rotate-secret',
  summary: 'Give an endpoint a new signing secret',
  description: 'The previous ones go on signing for a while, so that the receiver can change over.',
  examples: ['rotate-secret ep_2fJ8mGkq', 'rotate-secret ep_2fJ8mGkq --grace 1h'],
  define: (command) =>
    void command
      .argument('<id>', 'id of the endpoint')
      .option('--secret <secret>', 'the new secret (default: generated)')
      .option('--grace <duration>', 'how long the previous ones go on signing (default: 24h)', durationFlag)
      .option('--switch-now', 'schemes with room for one signature sign with the new one at once'),
  run: (cli, [id], { secret, grace, switchNow }) =>
    cli.use(async ({ client }) => {
      const rotated = await client.webhooks.rotateSecret(id, {
        secret,
        grace_ms: grace,
        switch_at: switchNow === true ? 'now' : undefined,
      });
      cli.output.answer(rotated, () => describe(rotated));
    }),
});

const SIGNERS = { all: 'every live secret', previous: 'the previous secret', new: 'the new secret' } as const;

function describe(rotated: RotatedSecretResource): string {
  const { secret, public_key: publicKey, previous_expires_at: end, signs_with: schemes } = rotated;
  return [
    'New secret; it is not shown again:',
    `  ${secret}`,
    ...(publicKey === undefined ? [] : [`Public key: ${publicKey}`]),
    ...(end === undefined ? [] : [`The previous one signs until ${formatTime(end)}.`]),
    ...schemes.map(({ scheme, with: signer }) => `${scheme} signs with ${SIGNERS[signer]}.`),
  ].join('\n');
}

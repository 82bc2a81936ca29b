/** The receivers that the document of the glasses dashboard prints, run unchanged, and what they make of its requests. */
import { describe, expect, it, vi } from 'vitest';
import { dashboardFor, MATCH, outcomesOf, WEBHOOK_ID } from '../support/glasses-dashboard.ts';
import { type PrintedReceiver, startPrinted } from '../support/printed-receiver.ts';
import { isAllRequired, nameReceiver, type Requirement, requirements } from '../support/requirements.ts';
import { printedBlock } from '../support/system-documents.ts';
import { shows } from './rows.ts';

const block = (language: string, text: string): string => printedBlock('glasses-dashboard', language, text);

interface Case {
  readonly name: string;
  readonly requirement: Requirement;
  readonly receiver: PrintedReceiver;
  /** What it prints of an upload, and then of the match. */
  readonly lines: readonly string[];
}

const ACTIONS = ['saved', 'notified', 'updated'];
const DONE = [
  `saved ${MATCH.best_model} ${MATCH.images_count}`,
  `notified ${MATCH.model_url}`,
  `updated ${MATCH.best_model}`,
];

const CASES: readonly Case[] = [
  {
    name: 'Express',
    requirement: { found: 'node', version: process.version },
    receiver: {
      language: 'node',
      before: `
        const saveMatchResult = (data) => console.log('saved', data.best_model, data.images_count);
        const notifyUser = (data) => console.log('notified', data.model_url);
        const updateInventory = (model) => console.log('updated', model);`,
      printed: block('javascript', "console.log('Webhook receiver running on port 3000')"),
    },
    lines: [
      'Received upload event at 2025-11-30T14:30:45.123Z',
      'Received match event at 2025-11-30T14:30:45.123Z',
      'Best match: ray_ban_glasses.glb',
      'Confidence: 87.0%',
      `Model URL: ${MATCH.model_url}`,
      ...DONE,
    ],
  },
  {
    name: 'Flask',
    requirement: requirements.flask(),
    receiver: {
      language: 'python',
      before: [
        'def save_match_result(data): print("saved", data["best_model"], data["images_count"])',
        'def notify_user(data): print("notified", data["model_url"])',
        'def update_inventory(model): print("updated", model)',
      ].join('\n'),
      printed: block('python', 'app = Flask(__name__)'),
    },
    lines: [
      'Received upload event at 2025-11-30T14:30:45.123Z',
      'Received match event at 2025-11-30T14:30:45.123Z',
      'Best match: ray_ban_glasses.glb',
      'Confidence: 87.0%',
      `Model URL: ${MATCH.model_url}`,
      ...DONE,
    ],
  },
  {
    name: 'PHP',
    requirement: requirements.php(),
    receiver: {
      language: 'php',
      before: `<?php
        function saveMatchResult($data) { error_log("saved {$data['best_model']} {$data['images_count']}"); }
        function notifyUser($data) { error_log("notified {$data['model_url']}"); }
        function updateInventory($model) { error_log("updated $model"); }`,
      printed: block('php', 'file_get_contents'),
    },
    lines: [
      'Received upload event at 2025-11-30T14:30:45.123Z',
      'Received match event at 2025-11-30T14:30:45.123Z',
      'Best match: ray_ban_glasses.glb',
      'Confidence: 87%',
      ...DONE,
    ],
  },
];

describe.each(
  CASES.map((each) => [nameReceiver(`${each.name} of the dashboard`, each.requirement), each] as const),
)('%s', { timeout: 30_000 }, (_, { requirement, receiver, lines }) => {
  if (requirement.found === undefined) {
    it.runIf(isAllRequired())(`is left out, because ${requirement.missing}`, () => {
      expect.unreachable(requirement.missing);
    });
    return;
  }

  it('accepts what is sent', shows('glasses-dashboard', 'receivers', 'body'), async () => {
    await using server = await startPrinted(receiver);
    await using dashboard = await dashboardFor(server);
    await dashboard.dispatcher.emit('upload', { model_name: 'new_glasses.glb' });
    await dashboard.advance(0);
    await dashboard.dispatcher.emit('match', MATCH);
    await dashboard.advance(0);
    const accepted = ['succeeded', 200, expect.stringMatching(/^\{"received":\s?true\}\s*$/)];
    expect(await outcomesOf(dashboard)).toEqual([accepted, accepted]);
    const printed = (): readonly string[] =>
      server
        .output()
        .split('\n')
        .flatMap((line) => lines.filter((wanted) => line.endsWith(wanted)));
    await vi.waitUntil(() => printed().length >= lines.length);
    expect(printed()).toEqual(lines);
  });

  it(
    'does nothing but answer when it is tested',
    shows('glasses-dashboard', 'receivers', 'command-line'),
    async () => {
      await using server = await startPrinted(receiver);
      await using dashboard = await dashboardFor(server);
      expect(await dashboard.dispatcher.endpoints.test(WEBHOOK_ID)).toMatchObject({
        delivered: true,
        status: 200,
      });
      await vi.waitUntil(() => server.output().includes('Received test event'));
      for (const action of ACTIONS) expect(server.output()).not.toContain(action);
    },
  );
});

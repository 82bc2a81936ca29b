/**
 * Receivers that the documents of the systems print, run unchanged in the language they are written in. Before the printed
 * code stands what it calls without defining it, and where it listens is changed from outside: a port that is free.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProgram, type ProgramServer } from './program-server.ts';
import { requirements } from './requirements.ts';

export interface PrintedReceiver {
  /** `module`: an ES module of Node.js. */
  readonly language: 'module' | 'node' | 'php' | 'python';
  /** What the printed code takes for granted: functions of its application, its secret. */
  readonly before?: string;
  /** The blocks, as {@link printedBlock} returns them. */
  readonly printed: string;
  /** What a snippet needs to be a program: its listener. */
  readonly after?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The interpreter; for Python, default the first one that has Flask. */
  readonly program?: string;
}

const NODE_MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** `app.listen(3000)` of Express, on the port that is given instead. */
const NODE_PORT = `const { application } = require('express');
const { listen } = application;
application.listen = function (_port, heard = () => {}) {
  return listen.call(this, Number(process.env.PORT), '127.0.0.1', () => {
    heard();
    console.log('listening');
  });
};
`;

/** `app.run(port=3000)` of Flask, on the port that is given instead. */
const PYTHON_PORT = `import os, runpy, flask
run = flask.Flask.run
flask.Flask.run = lambda self, **_: run(self, host='127.0.0.1', port=int(os.environ['PORT']))
runpy.run_path('receiver.py', run_name='__main__')
`;

const nodeProgram = <File extends string>(file: File) => ({
  file,
  beside: { 'port.cjs': NODE_PORT },
  program: () => process.execPath,
  args: () => ['--require', './port.cjs', file],
  ready: /^listening$/m,
});

/** The server of PHP prepends nothing to the script that it is given. */
const PHP_START = "<?php\nrequire 'before.php';\nrequire 'receiver.php';\n";

const LANGUAGES = {
  node: nodeProgram('receiver.cjs'),
  module: nodeProgram('receiver.mjs'),
  python: {
    file: 'receiver.py',
    beside: { 'port.py': PYTHON_PORT },
    program: () => requirements.flask().found!,
    args: () => ['port.py'],
    ready: /Running on http/,
  },
  php: {
    file: 'receiver.php',
    beside: { 'start.php': PHP_START },
    program: () => requirements.php().found!,
    args: (port: number) => ['-S', `127.0.0.1:${port}`, 'start.php'],
    ready: /Development Server/,
  },
} as const;

/** Writes the program and starts it. PHP has what comes before in a file of its own: its printed code opens with `<?php`. */
export async function startPrinted({
  language,
  before = '',
  printed,
  after = '',
  env = {},
  program: given,
}: PrintedReceiver): Promise<ProgramServer> {
  const { file, beside, program, args, ready } = LANGUAGES[language];
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-printed-'));
  const source = language === 'php' ? printed : `${before}\n${printed}\n${after}`;
  const files = { ...beside, [file]: source, ...(language === 'php' ? { 'before.php': before } : {}) };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const server = await startProgram({
      program: given ?? program(),
      args,
      ready,
      folder,
      env: { NODE_PATH: NODE_MODULES, ...env },
    });
    return {
      origin: server.origin,
      output: () => server.output(),
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

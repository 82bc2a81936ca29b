#!/usr/bin/env node
import { EXIT_CODE } from './exit-code.ts';
import { run } from './run.ts';
import { endProcess, processTerminal } from './terminal.ts';

const terminal = processTerminal();
let isDone = false;
// When nothing is left that could still come, as with a configuration whose promise nobody settles.
process.exitCode = EXIT_CODE.unavailable;
process.once('exit', () => {
  if (!isDone)
    terminal.tell('posthorn: it waited for something that never came. Does posthorn.config wait for it?');
});
void run(process.argv.slice(2), terminal).then((exitCode) => {
  isDone = true;
  return endProcess(exitCode);
});

import { formatDuration } from '../output/format-time.ts';
import type { Output } from '../output/output.ts';
import { printable, printableLine } from '../output/printable.ts';
import type { RequestAnswer } from './answer-request.ts';
import { indent } from './describe-request.ts';
import type { Forwarded } from './forward-request.ts';
import { textOf } from './received-request.ts';

/** The answer for people: its status, why, and what an application said that did not like the request. */
export function describeAnswer({ reply, why, forwarded }: RequestAnswer, output: Output): string {
  const { status, delayMs = 0 } = reply;
  const parts = [
    output.tone(isSuccess(status) ? 'good' : 'bad', `→ ${status}`),
    ...(delayMs === 0 ? [] : [`after ${formatDuration(delayMs)}`]),
    ...(why === undefined ? [] : [why]),
    ...(forwarded === undefined ? [] : [describeForwarded(forwarded)]),
  ];
  const said = forwarded === undefined ? '' : excerptOf(forwarded);
  return parts.join(', ') + (said === '' ? '' : `\n${indent(said)}`);
}

export function describeForwarded(forwarded: Forwarded): string {
  return 'failure' in forwarded
    ? `it could not be forwarded: ${printableLine(forwarded.failure)}`
    : `forwarded, answered in ${formatDuration(forwarded.durationMs)}`;
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

const MAX_EXCERPT_LENGTH = 400;

/** The beginning of an answer that is no success. */
export function excerptOf(forwarded: Forwarded): string {
  if ('failure' in forwarded || isSuccess(forwarded.status)) return '';
  const text = textOf(forwarded.body)?.trim() ?? '';
  return printable(text.length > MAX_EXCERPT_LENGTH ? `${text.slice(0, MAX_EXCERPT_LENGTH)}…` : text);
}

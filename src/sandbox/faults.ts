// Bad weather on demand: the rules `SERVER:POINT[#N][@BYTES]=ACTION`, and the book that says which of them strikes now.
import { type Diagnostic, didYouMean } from '../core/diagnostic.ts';
import { AppError } from '../core/errors.ts';
import { failed, ok, type Result } from '../core/result.ts';
import { parseDuration, parseSize } from '../core/units.ts';
import { knownPoint, pointsOf, SERVER_NAMES, type ServerName } from './fault-points.ts';

export type FaultAction =
  | { readonly kind: 'cut' }
  | { readonly kind: 'reply'; readonly text: string }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'garble' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'split' }
  /** Like cut, but the client sees a reset (RST) instead of an end. */
  | { readonly kind: 'reset' }
  /** The reply is not sent. */
  | { readonly kind: 'skip' }
  | { readonly kind: 'full' };

export interface FaultRule {
  readonly server: ServerName | '*';
  /** A command, `connect`, `tls`, `greeting`, `data` (ftp), `dot` (smtp), or `*` for any. */
  readonly point: string;
  /** The how-manieth time the point is passed, counted over all connections. */
  readonly occurrence: number | 'always';
  /** Strikes after so many bytes of the transfer or the answer; without it, before the command has any effect. */
  readonly afterBytes?: number;
  readonly action: FaultAction;
  /** The rule as written. */
  readonly text: string;
}

const RULE_LENGTH_MAX = 1_000;
const DELAY_MS_MAX = 86_400_000;
const SHAPE_HINT = 'A rule is SERVER:POINT[#N][@BYTES]=ACTION, for example ftp:STOR#2=cut or pop3:RETR@500=garble.';
const ACTION_HINT = 'Actions: cut, reset, refuse, garble, split, full, skip, delay:5s, reply:451 try later.';

/** The rule, or an AppError `usage` that says what is wrong with it. */
export function parseFault(text: string): FaultRule {
  const result = readFault(text);
  if (result.ok) return result.value;
  const messages = result.diagnostics.map(({ message }) => message).join('; ');
  const hints = new Set(result.diagnostics.map(({ hint }) => hint));
  throw new AppError('usage', `--fault ${text}: ${messages}`, { hint: [...hints].join(' ') });
}

/** Reads one rule. The diagnostics name the part that is wrong, all at once; their file is `--fault`. */
export function readFault(text: string): Result<FaultRule> {
  const shape = /^([^:=]*):([^=#@]*)(#[^=@]*)?(@[^=]*)?=(.*)$/s.exec(text);
  if (shape === null || text.length > RULE_LENGTH_MAX) {
    return failed([problem(text, 0, text.length, 'fault-shape', 'this is no fault rule', SHAPE_HINT)]);
  }
  const [, serverWord = '', pointWord = '', count = '', bytes = '', actionWord = ''] = shape;
  const starts = { point: serverWord.length + 1, count: 0, bytes: 0, action: text.length - actionWord.length };
  starts.count = starts.point + pointWord.length;
  starts.bytes = starts.count + count.length;
  const problems: Diagnostic[] = [];
  const report = (start: number, length: number, code: string, message: string, hint: string) => {
    problems.push(problem(text, start, length, code, message, hint));
  };

  const server = readServer(serverWord);
  if (server === undefined) {
    const near = didYouMean(serverWord, SERVER_NAMES);
    const hint = near === undefined ? 'Servers: ftp, pop3, smtp, or * for all.' : `Did you mean ${near}?`;
    report(0, serverWord.length, 'fault-server', `there is no server ${JSON.stringify(serverWord)}`, hint);
  }
  const point = knownPoint(server ?? '*', pointWord);
  if (point === undefined) {
    const hint = pointHint(server ?? '*', pointWord);
    report(starts.point, pointWord.length, 'fault-point', `there is no point ${JSON.stringify(pointWord)}`, hint);
  }
  const action = readAction(actionWord);
  if (action === undefined) {
    report(starts.action, actionWord.length, 'fault-action', `${JSON.stringify(actionWord)} is no action`, ACTION_HINT);
  }
  const occurrence = readOccurrence(count, action);
  if (occurrence === undefined) {
    report(starts.count, count.length, 'fault-count', `${count} is no count`, '#3 means the third time, #* every time.');
  }
  const afterBytes = readBytes(bytes);
  if (Number.isNaN(afterBytes)) {
    report(starts.bytes, bytes.length, 'fault-bytes', `${bytes} is no size`, '@500 or @64KB: after so many bytes.');
  }
  if (server === undefined || point === undefined || action === undefined || occurrence === undefined || problems.length > 0) {
    return failed(problems);
  }
  const mismatch = mismatchOf(point, action, afterBytes);
  if (mismatch !== undefined) return failed([problem(text, 0, text.length, 'fault-mismatch', ...mismatch)]);
  const rule: FaultRule = { server, point, occurrence, action, text };
  return ok(afterBytes === undefined ? rule : { ...rule, afterBytes });
}

/** Counts how often each rule's point was passed and hands out the rules that strike. */
export class FaultBook {
  readonly #rules: readonly { readonly rule: FaultRule; passed: number }[];

  constructor(rules: readonly FaultRule[] = []) {
    this.#rules = rules.map(rule => ({ rule, passed: 0 }));
  }

  /** The rules that strike now, in the order they were given. Call it once each time a point is passed. */
  at(server: ServerName, point: string): readonly FaultRule[] {
    return this.#rules
      .filter(({ rule }) => (rule.server === '*' || rule.server === server) && covers(rule, point))
      .filter(entry => {
        entry.passed += 1;
        return entry.rule.occurrence === 'always' || entry.rule.occurrence === entry.passed;
      })
      .map(({ rule }) => rule);
  }
}

/** `*` means every command; the network's own points, and those within a transfer, must be named. */
function covers(rule: FaultRule, point: string): boolean {
  return rule.point === point || (rule.point === '*' && !NAMED_ONLY.has(point));
}

const NAMED_ONLY: ReadonlySet<string> = new Set(['connect', 'tls', 'data', '150', '226']);

function readServer(word: string): ServerName | '*' | undefined {
  return word === '*' ? word : SERVER_NAMES.find(name => name === word.toLowerCase());
}

function pointHint(server: ServerName | '*', word: string): string {
  const near = didYouMean(word, pointsOf(server));
  return near === undefined ? `Points: ${pointsOf(server).join(', ')}, or * for any.` : `Did you mean ${near}?`;
}

/** `split` strikes every time unless told otherwise: one split reply rehearses nothing. */
function readOccurrence(count: string, action: FaultAction | undefined): number | 'always' | undefined {
  if (count === '') return action?.kind === 'split' ? 'always' : 1;
  if (count === '#*') return 'always';
  return /^#[1-9]\d{0,8}$/.test(count) ? Number(count.slice(1)) : undefined;
}

/** Undefined when absent, NaN when wrong. */
function readBytes(bytes: string): number | undefined {
  if (bytes === '') return undefined;
  const size = bytes.slice(1);
  return /^\d{1,15}$/.test(size) ? Number(size) : (parseSize(size) ?? Number.NaN);
}

function readAction(word: string): FaultAction | undefined {
  const colon = word.indexOf(':');
  const [name, argument] = colon === -1 ? [word, undefined] : [word.slice(0, colon), word.slice(colon + 1)];
  switch (name) {
    case 'cut':
    case 'reset':
    case 'skip':
    case 'garble':
    case 'refuse':
    case 'split':
    case 'full':
      return argument === undefined ? { kind: name } : undefined;
    case 'reply':
      return argument === undefined || argument === '' || /[\r\n\0]/.test(argument) ? undefined : { kind: name, text: argument };
    case 'delay': {
      const ms = parseDuration(argument ?? '');
      return ms === undefined || ms > DELAY_MS_MAX ? undefined : { kind: name, ms };
    }
    default:
      return undefined;
  }
}

/** What cannot happen at a point: message and hint. */
function mismatchOf(point: string, { kind }: FaultAction, afterBytes: number | undefined): [string, string] | undefined {
  if (kind === 'skip' && point !== '150') return [`skip cannot happen at ${point}`, 'Only a 150 can be left out: ftp:150=skip.'];
  if (kind === 'reset' && point !== 'data') return [`reset cannot happen at ${point}`, 'Only data is reset: ftp:data@500=reset.'];
  const allowed = point === 'connect' ? ['refuse', 'cut', 'delay'] : point === 'tls' ? ['refuse', 'cut', 'garble'] : undefined;
  if (allowed === undefined) return undefined;
  if (afterBytes !== undefined) return [`${point} has no bytes to count`, 'Leave out @BYTES, or use greeting or data.'];
  return allowed.includes(kind) ? undefined : [`${kind} cannot happen at ${point}`, `At ${point}: ${allowed.join(', ')}.`];
}

function problem(
  text: string,
  start: number,
  length: number,
  code: string,
  ...[message, hint]: readonly [string, string]
): Diagnostic {
  const range = { start: { line: 1, column: start + 1 }, end: { line: 1, column: start + 1 + Math.max(1, length) } };
  return { code, severity: 'error', message, file: '--fault', range, source: text, hint };
}
